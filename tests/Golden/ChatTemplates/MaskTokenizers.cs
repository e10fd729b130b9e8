using System.Text.Json.Nodes;
using Golden.Library;

namespace Golden.ChatTemplates;

/// <summary>The tokenizer of an encode fixture as a tokenizer.json, to which tokens can be added.</summary>
internal static class MaskTokenizers
{
    public static JsonObject Read(FixtureCase c, string folder)
    {
        var path = Path.Combine(folder, "recipe.json");
        if (!File.Exists(path)) return JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!.AsObject();
        var recipe = JsonNode.Parse(File.ReadAllText(path))!;
        var file = recipe["tokenizer_json_without_vocabulary"]!.DeepClone().AsObject();
        var source = (string)recipe["vocabulary"]!;
        if ((string?)file["model"]!["type"] != "BPE" || !source.StartsWith("vocab = ", StringComparison.Ordinal) || !source.Contains("; merges = ", StringComparison.Ordinal))
            throw new UnsupportedException($"ids and mask: a vocabulary of this kind is not known to this reader: {source}");
        var parts = source["vocab = ".Length..].Split("; merges = ");
        file["model"]!["vocab"] = JsonNode.Parse(File.ReadAllText(c.Data(parts[0])));
        file["model"]!["merges"] = new JsonArray([.. File.ReadLines(c.Data(parts[1].Split(',')[0])).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).Select(line => (JsonNode)line)]);
        return file;
    }

    public static JsonObject Special(string token, int id) =>
        new() { ["id"] = id, ["content"] = token, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true };
}
