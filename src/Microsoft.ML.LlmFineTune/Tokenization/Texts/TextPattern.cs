using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a component looks for in a text: a literal text or a regular expression.</summary>
internal sealed class TextPattern
{
    private readonly CodePointRegex? _regex;

    private TextPattern(string text, CodePointRegex? regex) => (Text, _regex) = (text, regex);

    /// <summary>The literal or the expression.</summary>
    public string Text { get; }

    public bool IsRegex { get; private init; }

    /// <summary>Whether it is a literal of one character, and which.</summary>
    public char? SingleCharacter => !IsRegex && Text.Length == 1 ? Text[0] : null;

    // An empty literal matches between all characters, as an empty expression does.
    public static TextPattern OfLiteral(string literal) => new(literal, literal.Length == 0 ? CodePointRegex.Parse("") : null);

    public static TextPattern OfRegex(string expression) => new(expression, CodePointRegex.Parse(expression)) { IsRegex = true };

    /// <summary>Reads <c>{"String": "..."}</c> or <c>{"Regex": "..."}</c>.</summary>
    public static TextPattern Read(JsonPart part)
    {
        var pattern = part.Part("pattern");
        var found = pattern.Element.EnumerateObject().ToList();
        if (found is not [{ Name: "String" or "Regex", Value.ValueKind: JsonValueKind.String } only])
            throw new InvalidDataException($"{pattern.Path} must be {{\"String\": text}} or {{\"Regex\": expression}}; it is {JsonPart.Shorten(pattern.Element)}.");
        try
        {
            return only.Name == "String" ? OfLiteral(only.Value.GetString()!) : OfRegex(only.Value.GetString()!);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{pattern.Path}: {e.Message}", e);
        }
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("pattern");
        writer.WriteString(IsRegex ? "Regex" : "String", Text);
        writer.WriteEndObject();
    }

    /// <summary>Where each match ends and the next begins at once, if the pattern is one of the published ones that leave nothing out.</summary>
    public TextSplitter? Splitter => _regex?.Splitter;

    /// <summary>The matches in a text, from the left. An empty match right after the match before it is passed over.</summary>
    public PatternMatches In(ReadOnlySpan<char> text) => new(text, Text, _regex);
}
