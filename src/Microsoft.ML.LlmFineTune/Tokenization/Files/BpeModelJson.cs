using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The model section of tokenizer.json.</summary>
internal static class BpeModelJson
{
    public static BpeModel Read(JsonObject part)
    {
        // Old files have no type; then merges make it BPE.
        var type = TokenizerJson.Part(part, "model", "type", part.ContainsKey("merges") ? "BPE" : "unknown");
        if (type != "BPE")
            throw new NotSupportedException($"model.type must be BPE; it is {type}.");
        foreach (var name in (string[])["dropout", "continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (part[name] is { } set && set.ToJsonString() is not ("\"\"" or "0" or "0.0"))
                throw new NotSupportedException($"model.{name} must be null for byte-level BPE; it is {TokenizerJson.Shorten(set)}.");
        }
        foreach (var name in (string[])["fuse_unk", "byte_fallback", "ignore_merges"])
        {
            if (TokenizerJson.Part(part, "model", name, false))
                throw new NotSupportedException($"model.{name} must be false for byte-level BPE; it is true.");
        }
        var merges = TokenizerJson.Part<JsonArray>(part, "model", "merges", required: true);
        return new BpeModel(
            ReadVocabulary(TokenizerJson.Part<JsonObject>(part, "model", "vocab", required: true), "model.vocab"),
            [.. merges.Select((merge, rank) => ReadMerge(merge, rank))],
            TokenizerJson.Part<string>(part, "model", "unk_token"));
    }

    public static Dictionary<string, int> ReadVocabulary(JsonObject part, string path)
    {
        var vocabulary = new Dictionary<string, int>(part.Count);
        foreach (var (token, id) in part)
        {
            if (id is not JsonValue value || !value.TryGetValue(out int number) || number is < 0 or int.MaxValue)
                throw new InvalidDataException($"{path}: the id of '{token}' must be an integer from 0 to {int.MaxValue - 1}; it is {TokenizerJson.Shorten(id)}.");
            vocabulary.Add(token, number);
        }
        return vocabulary;
    }

    public static void Write(Utf8JsonWriter writer, BpeModel model)
    {
        writer.WriteStartObject("model");
        writer.WriteString("type", "BPE");
        writer.WriteNull("dropout");
        writer.WriteString("unk_token", model.UnknownToken);
        writer.WriteNull("continuing_subword_prefix");
        writer.WriteNull("end_of_word_suffix");
        writer.WriteBoolean("fuse_unk", false);
        writer.WriteBoolean("byte_fallback", false);
        writer.WriteBoolean("ignore_merges", false);
        writer.WriteStartObject("vocab");
        foreach (var (token, id) in model.Vocabulary.OrderBy(entry => entry.Value))
            writer.WriteNumber(token, id);
        writer.WriteEndObject();
        writer.WriteStartArray("merges");
        foreach (var (left, right) in model.Merges)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(left);
            writer.WriteStringValue(right);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // "a b" in older files, ["a", "b"] in newer ones.
    private static (string Left, string Right) ReadMerge(JsonNode? merge, int rank)
    {
        string[]? parts = merge switch
        {
            JsonValue value when value.TryGetValue(out string? text) => text.Split(' '),
            JsonArray pair when pair.All(part => part is JsonValue value && value.TryGetValue(out string? _)) => [.. pair.Select(part => part!.GetValue<string>())],
            _ => null,
        };
        return parts is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw new InvalidDataException($"model.merges: merge {rank} must be two tokens; it is {TokenizerJson.Shorten(merge)}.");
    }
}
