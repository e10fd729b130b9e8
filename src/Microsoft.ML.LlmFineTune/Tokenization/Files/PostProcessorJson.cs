using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The post_processor section of tokenizer.json.</summary>
internal static class PostProcessorJson
{
    public static TokenPostProcessor Read(JsonPart part) => part.Type switch
    {
        "Sequence" => new PostProcessorSequence([.. part.Parts("processors").Select(Read)]),
        "ByteLevel" => new ByteLevelPostProcessor(part.Flag("trim_offsets", true), part.Flag("add_prefix_space", true), part.Flag("use_regex", true)),
        "BertProcessing" => new BertPostProcessor(ReadToken(part, "sep"), ReadToken(part, "cls")),
        "RobertaProcessing" => new RobertaPostProcessor(ReadToken(part, "sep"), ReadToken(part, "cls"), part.Flag("trim_offsets", true), part.Flag("add_prefix_space", true)),
        "TemplateProcessing" => ReadTemplate(part),
        _ => throw part.Unknown("Sequence, ByteLevel, BertProcessing, RobertaProcessing, TemplateProcessing"),
    };

    public static void WriteToken(Utf8JsonWriter writer, string name, (string Token, int Id) token)
    {
        writer.WriteStartArray(name);
        writer.WriteStringValue(token.Token);
        writer.WriteNumberValue(token.Id);
        writer.WriteEndArray();
    }

    private static (string Token, int Id) ReadToken(JsonPart part, string name)
    {
        var items = part.Items(name).ToList();
        return items is [{ ValueKind: JsonValueKind.String } token, { } id]
            ? (token.GetString()!, JsonPart.NumberOf(id, part.Join(name)))
            : throw new InvalidDataException($"{part.Join(name)} must be a token and its id.");
    }

    private static TemplatePostProcessor ReadTemplate(JsonPart part)
    {
        var tokens = part.OptionalPart("special_tokens") is { } named ? named.Element.EnumerateObject().Select(token => ReadTemplateToken(JsonPart.Of(token.Value, named.Join(token.Name)), token.Name)).ToList() : [];
        try
        {
            return new TemplatePostProcessor(part.Parts("single").Select(ReadPiece), part.Parts("pair").Select(ReadPiece), tokens);
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(part.Path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{part.Path}: {e.Message}", e);
        }
    }

    private static TemplateToken ReadTemplateToken(JsonPart part, string name)
    {
        int[] ids = [.. part.Items("ids").Select(id => JsonPart.NumberOf(id, part.Join("ids")))];
        string[] tokens = [.. part.Items("tokens").Select(token => token.ValueKind == JsonValueKind.String ? token.GetString()! : throw new InvalidDataException($"{part.Join("tokens")} must be texts."))];
        return ids.Length == tokens.Length ? new TemplateToken(name, ids, tokens) : throw new InvalidDataException($"{part.Path} must have as many ids as tokens; it has {ids.Length} and {tokens.Length}.");
    }

    private static TemplatePiece ReadPiece(JsonPart part)
    {
        if (part.OptionalPart("Sequence") is { } sequence)
        {
            var id = sequence.Text("id");
            return id is "A" or "B" ? new TemplatePiece(id == "A" ? 0 : 1, null, sequence.Number("type_id")) : throw new InvalidDataException($"{sequence.Join("id")} must be A or B; it is '{id}'.");
        }
        var special = part.OptionalPart("SpecialToken") ?? throw new InvalidDataException($"{part.Path} must be a Sequence or a SpecialToken; it is {JsonPart.Shorten(part.Element)}.");
        return new TemplatePiece(null, special.Text("id"), special.Number("type_id"));
    }
}
