using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The truncation and padding sections of tokenizer.json.</summary>
internal static class TruncationJson
{
    // What a file may ask of every text that is encoded.
    private const int LongestPadding = 1 << 22;

    public static TruncationOptions? ReadTruncation(JsonPart root) => root.OptionalPart("truncation") is not { } part ? null : new TruncationOptions
    {
        MaximumLength = part.Number("max_length"),
        Strategy = part.OneOf<TruncationStrategy>("strategy"),
        Stride = part.Number("stride"),
        Side = part.Optional("direction") is null ? TruncationSide.Right : part.OneOf<TruncationSide>("direction"),
    };

    public static PaddingOptions? ReadPadding(JsonPart root) => root.OptionalPart("padding") is not { } part ? null : new PaddingOptions
    {
        Length = ReadLength(part),
        MultipleOf = Bounded(part.OptionalNumber("pad_to_multiple_of"), part.Join("pad_to_multiple_of")),
        Id = part.Number("pad_id"),
        TypeId = part.Number("pad_type_id"),
        Token = part.Text("pad_token"),
        Side = part.OneOf<PaddingSide>("direction"),
    };

    public static void Write(Utf8JsonWriter writer, TruncationOptions? truncation)
    {
        if (truncation is null)
        {
            writer.WriteNull("truncation");
            return;
        }
        writer.WriteStartObject("truncation");
        writer.WriteString("direction", truncation.Side.ToString());
        writer.WriteNumber("max_length", truncation.MaximumLength);
        writer.WriteString("strategy", truncation.Strategy.ToString());
        writer.WriteNumber("stride", truncation.Stride);
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, PaddingOptions? padding)
    {
        if (padding is null)
        {
            writer.WriteNull("padding");
            return;
        }
        writer.WriteStartObject("padding");
        if (padding.Length is { } length)
        {
            writer.WriteStartObject("strategy");
            writer.WriteNumber("Fixed", length);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("strategy", "BatchLongest");
        }
        writer.WriteString("direction", padding.Side.ToString());
        if (padding.MultipleOf is { } multiple)
            writer.WriteNumber("pad_to_multiple_of", multiple);
        else
            writer.WriteNull("pad_to_multiple_of");
        writer.WriteNumber("pad_id", padding.Id);
        writer.WriteNumber("pad_type_id", padding.TypeId);
        writer.WriteString("pad_token", padding.Token ?? "[PAD]");
        writer.WriteEndObject();
    }

    // "BatchLongest" or {"Fixed": length}.
    private static int? ReadLength(JsonPart part)
    {
        var strategy = part.Optional("strategy");
        if (strategy is { ValueKind: JsonValueKind.Object })
            return Bounded(part.Part("strategy").Number("Fixed"), part.Join("strategy.Fixed"));
        return strategy is { ValueKind: JsonValueKind.String } name && name.GetString() == "BatchLongest"
            ? null
            : throw new InvalidDataException($"{part.Join("strategy")} must be BatchLongest or {{\"Fixed\": length}}.");
    }

    private static int? Bounded(int? length, string path) =>
        length <= LongestPadding || length is null ? length : throw new InvalidDataException($"{path} must be at most {LongestPadding}; it is {length}.");
}
