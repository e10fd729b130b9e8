using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reads tokenizer.json as far as it describes byte-level BPE. Anything else in it would change the tokens, so it is refused by name.</summary>
internal static class TokenizerJsonReader
{
    private static readonly string[] Sections = ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"];

    public static TokenizerModel Read(Stream stream, string source)
    {
        try
        {
            var root = JsonNode.Parse(stream, null, TokenizerJson.Options) as JsonObject ?? throw new InvalidDataException("the content must be an object.");
            return Read(root);
        }
        // An InvalidOperationException is a text that is not UTF-8: it comes out when the text is read.
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{source} is not a valid tokenizer.json: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"{source} cannot be used: {e.Message}", e);
        }
    }

    private static TokenizerModel Read(JsonObject root)
    {
        foreach (var (name, _) in root)
        {
            if (!Sections.Contains(name))
                throw new InvalidDataException($"the section '{name}' is unknown.");
        }
        var version = TokenizerJson.Part(root, "", "version", "1.0");
        if (version != "1.0")
            throw new NotSupportedException($"version must be 1.0; it is {version}.");
        foreach (var name in (string[])["truncation", "padding", "normalizer"])
        {
            if (root[name] is { } part)
                throw new NotSupportedException($"{name} must be null for this library; it is {TokenizerJson.Shorten(part)}.");
        }
        var model = BpeModelJson.Read(TokenizerJson.Part<JsonObject>(root, "", "model", required: true));
        var preTokenizer = ReadPreTokenizer(root);
        RequireType(TokenizerJson.Part<JsonObject>(root, "", "decoder"), "decoder", "ByteLevel");
        var added = AddedTokenJson.Read(TokenizerJson.Part<JsonArray>(root, "", "added_tokens", []), model);
        return new TokenizerModel(model, preTokenizer, added, PostProcessorJson.Read(TokenizerJson.Part<JsonObject>(root, "", "post_processor")));
    }

    private static ByteLevelPreTokenizer ReadPreTokenizer(JsonObject root)
    {
        var part = TokenizerJson.Part<JsonObject>(root, "", "pre_tokenizer");
        RequireType(part, "pre_tokenizer", "ByteLevel");
        return new ByteLevelPreTokenizer(
            TokenizerJson.Part(part!, "pre_tokenizer", "add_prefix_space", true),
            TokenizerJson.Part(part!, "pre_tokenizer", "use_regex", true));
    }

    private static void RequireType(JsonObject? part, string name, string type)
    {
        if (part is null)
            throw new NotSupportedException($"{name} must be of type {type}; there is none.");
        if (TokenizerJson.Part<string>(part, name, "type", required: true) is var found && found != type)
            throw new NotSupportedException($"{name} must be of type {type}; it is {found}.");
    }
}
