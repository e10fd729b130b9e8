using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>The tokenizers of tokenizers/encode: files of the shared data, or recipes with their big parts filled in.</summary>
internal sealed class RecipeReader
{
    private readonly Dictionary<string, TokenizerModel> _tokenizers = new(StringComparer.Ordinal);

    /// <summary>The tokenizer of a folder; <paramref name="dataFile"/> names a file of the shared data where there is one.</summary>
    public TokenizerModel Tokenizer(FixtureCase c, string folder, JsonElement dataFile)
    {
        if (_tokenizers.TryGetValue(folder, out var known)) return known;
        return _tokenizers[folder] = dataFile.ValueKind == JsonValueKind.String ? TokenizerModel.Load(c.Data(dataFile.GetString()!)) : OfRecipe(c, folder);
    }

    public TokenizerModel Tokenizer(FixtureCase c, string folder)
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        return Tokenizer(c, folder, cases.RootElement.GetProperty("data_file"));
    }

    private static TokenizerModel OfRecipe(FixtureCase c, string folder)
    {
        var path = Path.Combine(folder, "recipe.json");
        if (!File.Exists(path)) return TokenizerModel.Load(Path.Combine(folder, "tokenizer.json"));
        var recipe = JsonNode.Parse(File.ReadAllText(path))!;
        var file = recipe["tokenizer_json_without_vocabulary"]!;
        // The description names the files that the big parts are in.
        string[] sources = [.. ((string)recipe["vocabulary"]!).Split(' ', ';', ',').Where(word => word.StartsWith("tokenizers/", StringComparison.Ordinal))];
        var model = file["model"]!.AsObject();
        switch (Path.GetExtension(sources[0]))
        {
            case ".model":
                var pieces = SentencePieceModel.Load(c.Data(sources[0]));
                model["vocab"] = new JsonArray([.. pieces.Pieces.Select(piece => new JsonArray(piece.Piece, (double)piece.Score))]);
                ReplaceText(file, "@charsmap", Convert.ToBase64String(pieces.Normalizer.CharsMap.Span));
                break;
            case ".txt":
                model["vocab"] = new JsonObject(File.ReadLines(c.Data(sources[0])).Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)));
                break;
            default:
                model["vocab"] = JsonNode.Parse(File.ReadAllText(c.Data(sources[0])));
                model["merges"] = new JsonArray([.. File.ReadLines(c.Data(sources[1])).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).Select(line => (JsonNode)line)]);
                break;
        }
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(file.ToJsonString()));
        return TokenizerModel.Load(stream);
    }

    private static void ReplaceText(JsonNode node, string from, string to)
    {
        if (node is JsonObject parts)
        {
            foreach (var (name, part) in parts.ToList())
            {
                if (part is JsonValue value && value.TryGetValue(out string? text) && text == from) parts[name] = to;
                else if (part is not null) ReplaceText(part, from, to);
            }
        }
        else if (node is JsonArray items)
        {
            foreach (var item in items.OfType<JsonNode>()) ReplaceText(item, from, to);
        }
    }
}
