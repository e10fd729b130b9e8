using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The post_processor section of tokenizer.json, as far as it concerns a single text.</summary>
internal static class PostProcessorJson
{
    private const string Path = "post_processor";

    public static PostProcessor Read(JsonObject? part)
    {
        if (part is null)
            return PostProcessor.None;
        var type = TokenizerJson.Part<string>(part, Path, "type", required: true);
        return type switch
        {
            "ByteLevel" => PostProcessor.None with { TrimOffsets = Flag(part, "trim_offsets"), AddPrefixSpace = Flag(part, "add_prefix_space"), Json = part },
            "RobertaProcessing" => new PostProcessor([Named(part, "cls")], [Named(part, "sep")], Flag(part, "trim_offsets"), Flag(part, "add_prefix_space"), part),
            "TemplateProcessing" => ReadTemplate(part),
            _ => throw new NotSupportedException($"{Path} must be null or of type ByteLevel, RobertaProcessing or TemplateProcessing; it is {type}."),
        };
    }

    private static bool Flag(JsonObject part, string name) => TokenizerJson.Part(part, Path, name, true);

    private static int Named(JsonObject part, string name) =>
        part[name] is JsonArray { Count: 2 } pair && pair[1] is JsonValue value && value.TryGetValue(out int id) && id >= 0
            ? id
            : throw new InvalidDataException($"{Path}.{name} must be a token and its id; it is {TokenizerJson.Shorten(part[name])}.");

    private static PostProcessor ReadTemplate(JsonObject part)
    {
        var ids = TokenizerJson.Part<JsonObject>(part, Path, "special_tokens", []);
        var (before, after) = (new List<int>(), new List<int>());
        var into = before;
        foreach (var item in TokenizerJson.Part<JsonArray>(part, Path, "single", required: true))
        {
            if (item is JsonObject { Count: 1 } sequence && sequence.ContainsKey("Sequence") && into == before)
                into = after;
            else if (item is JsonObject { Count: 1 } special && special["SpecialToken"] is JsonObject token)
                into.AddRange(IdsOf(ids, TokenizerJson.Part<string>(token, $"{Path}.single", "id", required: true)));
            else
                throw new InvalidDataException($"{Path}.single must be special tokens around one sequence; it has {TokenizerJson.Shorten(item)}.");
        }
        if (into == before)
            throw new InvalidDataException($"{Path}.single has no sequence: the text would be left out.");
        return new PostProcessor(before, after, TrimOffsets: false, AddPrefixSpace: false, part);
    }

    private static IEnumerable<int> IdsOf(JsonObject specialTokens, string name)
    {
        if (specialTokens[name] is not JsonObject token)
            throw new InvalidDataException($"{Path}.special_tokens lacks '{name}', which {Path}.single names.");
        foreach (var id in TokenizerJson.Part<JsonArray>(token, $"{Path}.special_tokens.{name}", "ids", required: true))
        {
            yield return id is JsonValue value && value.TryGetValue(out int number) && number >= 0
                ? number
                : throw new InvalidDataException($"{Path}.special_tokens.{name}.ids must be ids; it has {TokenizerJson.Shorten(id)}.");
        }
    }
}
