using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The added_tokens section of tokenizer.json.</summary>
internal static class AddedTokenJson
{
    public static List<AddedToken> Read(JsonPart root) => root.Optional("added_tokens") is null ? [] : [.. root.Parts("added_tokens").Select(ReadToken)];

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<AddedToken> tokens)
    {
        writer.WriteStartArray("added_tokens");
        foreach (var token in tokens.OrderBy(token => token.Id))
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            writer.WriteString("content", token.Content);
            writer.WriteBoolean("single_word", token.SingleWord);
            writer.WriteBoolean("lstrip", token.StripLeft);
            writer.WriteBoolean("rstrip", token.StripRight);
            writer.WriteBoolean("normalized", token.Normalized);
            writer.WriteBoolean("special", token.Special);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static AddedToken ReadToken(JsonPart part)
    {
        var special = part.Flag("special", false);
        var content = part.Text("content");
        if (content.Length == 0)
            throw new InvalidDataException($"{part.Join("content")} is empty.");
        return new AddedToken(part.Number("id"), content, special)
        {
            SingleWord = part.Flag("single_word", false),
            StripLeft = part.Flag("lstrip", false),
            StripRight = part.Flag("rstrip", false),
            Normalized = part.Flag("normalized", !special),
        };
    }
}
