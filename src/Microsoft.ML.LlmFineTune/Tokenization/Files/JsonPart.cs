using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>An object of a JSON file and where it stands in it, so that every complaint names the place.</summary>
internal readonly record struct JsonPart(JsonElement Element, string Path)
{
    /// <summary>The same property twice is refused: which of them counts would depend on the reader.</summary>
    public static JsonDocumentOptions Options { get; } = new() { AllowDuplicateProperties = false };

    public static JsonPart Of(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Object ? new JsonPart(element, path) : throw new InvalidDataException($"{path} must be an object; it is {Shorten(element)}.");

    /// <summary>The kind of a component; the part must have one.</summary>
    public string Type => Text("type");

    public string Text(string name) => Optional(name) is { } value ? TextOf(value, name) : throw Missing(name);

    public string? OptionalText(string name) => Optional(name) is { } value ? TextOf(value, name) : null;

    public string Text(string name, string fallback) => OptionalText(name) ?? fallback;

    public bool Flag(string name, bool fallback) => OptionalFlag(name) ?? fallback;

    public bool? OptionalFlag(string name) => Optional(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(name, "true or false", other),
    };

    public int Number(string name) => OptionalNumber(name) ?? throw Missing(name);

    /// <summary>A number from 0 to 2^31 - 2.</summary>
    public int? OptionalNumber(string name) => Optional(name) is { } value ? NumberOf(value, Join(name)) : null;

    public double? OptionalReal(string name) =>
        Optional(name) is { } value ? (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var real) ? real : throw Wrong(name, "a number", value)) : null;

    public JsonPart Part(string name) => OptionalPart(name) ?? throw Missing(name);

    public JsonPart? OptionalPart(string name) => Optional(name) is { } value ? Of(value, Join(name)) : null;

    public IEnumerable<JsonElement> Items(string name)
    {
        var value = Optional(name) ?? throw Missing(name);
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(name, "an array", value);
    }

    public IEnumerable<JsonPart> Parts(string name)
    {
        var path = Join(name);
        return Items(name).Select((item, i) => Of(item, $"{path}[{i}]"));
    }

    /// <summary>A character: a text of one code point.</summary>
    public char Character(string name)
    {
        var text = Text(name);
        return text.Length == 1 ? text[0] : throw new InvalidDataException($"{Join(name)} must be one character of the basic plane; it is '{text}'.");
    }

    /// <summary>One of the names of an enumeration, spelled as there.</summary>
    public T OneOf<T>(string name) where T : struct, Enum => ParseName<T>(Text(name), Join(name));

    public static T ParseName<T>(string text, string path) where T : struct, Enum =>
        Enum.TryParse<T>(text, out var value) && Enum.IsDefined(value) && value.ToString() == text
            ? value
            : throw new InvalidDataException($"{path} must be one of {string.Join(", ", Enum.GetNames<T>())}; it is '{text}'.");

    /// <summary>A property; null where it is absent or null.</summary>
    public JsonElement? Optional(string name) => Element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    public NotSupportedException Unknown(string known) => new($"{Path}.type must be one of {known}; it is '{Type}'.");

    public static int NumberOf(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 0 and < int.MaxValue
            ? number
            : throw new InvalidDataException($"{path} must be an integer from 0 to {int.MaxValue - 1}; it is {Shorten(value)}.");

    public static string Shorten(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length > 60 ? text[..60] + "..." : text;
    }

    private string TextOf(JsonElement value, string name) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, "a string", value);

    private InvalidDataException Missing(string name) => new($"{Join(name)} is missing.");

    private InvalidDataException Wrong(string name, string wanted, JsonElement value) => new($"{Join(name)} must be {wanted}; it is {Shorten(value)}.");
}
