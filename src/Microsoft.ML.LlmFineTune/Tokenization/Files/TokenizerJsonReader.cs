using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reads tokenizer.json. What it does not know would change the tokens, so it is refused by name.</summary>
internal static class TokenizerJsonReader
{
    private static readonly string[] Sections = ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"];

    public static TokenizerModel Read(Stream stream, string source) => Read(() => JsonDocument.Parse(stream, JsonPart.Options), source);

    public static TokenizerModel Read(JsonObject content, string source) => Read(() => JsonSerializer.SerializeToDocument(content), source);

    private static TokenizerModel Read(Func<JsonDocument> parse, string source)
    {
        try
        {
            using var document = parse();
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException("the content must be an object.");
            return Read(new JsonPart(document.RootElement, ""));
        }
        // An InvalidOperationException is a text that is not Unicode: it comes out when the text is read.
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{source} is not a valid tokenizer.json: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"{source} cannot be used: {e.Message}", e);
        }
    }

    private static TokenizerModel Read(JsonPart root)
    {
        foreach (var section in root.Element.EnumerateObject())
        {
            if (!Sections.Contains(section.Name))
                throw new InvalidDataException($"the section '{section.Name}' is unknown.");
        }
        if (root.Text("version", "1.0") is var version && version != "1.0")
            throw new NotSupportedException($"version must be 1.0; it is {version}.");
        return new TokenizerModel(new TokenizerParts(ModelJson.Read(root.Part("model")))
        {
            Normalizer = root.OptionalPart("normalizer") is { } normalizer ? NormalizerJson.Read(normalizer) : null,
            PreTokenizer = root.OptionalPart("pre_tokenizer") is { } preTokenizer ? PreTokenizerJson.Read(preTokenizer) : null,
            PostProcessor = root.OptionalPart("post_processor") is { } postProcessor ? PostProcessorJson.Read(postProcessor) : null,
            Decoder = root.OptionalPart("decoder") is { } decoder ? DecoderJson.Read(decoder) : null,
            AddedTokens = AddedTokenJson.Read(root),
            Truncation = TruncationJson.ReadTruncation(root),
            Padding = TruncationJson.ReadPadding(root),
        });
    }
}
