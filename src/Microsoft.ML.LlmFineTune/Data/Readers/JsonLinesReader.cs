using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>Reads JSON lines: an object a line. Empty lines are left out.</summary>
public static class JsonLinesReader
{
    /// <summary>A document a line.</summary>
    /// <param name="path">The file.</param>
    /// <param name="textField">Name of the field with the text.</param>
    /// <exception cref="InvalidDataException">A line is no JSON object or lacks the field as a string; the message names the line.</exception>
    public static IEnumerable<TextDocument> ReadDocuments(string path, string textField = "text")
    {
        Require.Text(path);
        Require.Text(textField);
        return Read(path, line => new TextDocument(Field(line, textField)));
    }

    /// <summary>A labelled text a line. A label may be a string, a number, or true or false.</summary>
    /// <param name="path">The file.</param>
    /// <param name="textField">Name of the field with the text.</param>
    /// <param name="labelField">Name of the field with the label.</param>
    /// <exception cref="InvalidDataException">A line is no JSON object or lacks a field; the message names the line.</exception>
    public static IEnumerable<LabeledText> ReadLabeled(string path, string textField = "text", string labelField = "label")
    {
        Require.Text(path);
        Require.Text(textField);
        Require.Text(labelField);
        return Read(path, line => new LabeledText(Field(line, textField), Label(line, labelField)));
    }

    private static IEnumerable<T> Read<T>(string path, Func<JsonElement, T> convert)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            T item;
            try
            {
                using var document = JsonDocument.Parse(line);
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                    throw new InvalidDataException($"a JSON object is required; the line holds {Kind(document.RootElement)}.");
                item = convert(document.RootElement);
            }
            catch (Exception e) when (e is JsonException or InvalidDataException)
            {
                throw new InvalidDataException($"{path}, line {number}: {e.Message}", e);
            }
            yield return item;
        }
    }

    private static string Field(JsonElement line, string name) =>
        Find(line, name) is { ValueKind: JsonValueKind.String } field ? field.GetString()! : throw new InvalidDataException($"the field '{name}' must be a string; it is {Kind(Find(line, name))}.");

    private static string Label(JsonElement line, string name) => Find(line, name) switch
    {
        { ValueKind: JsonValueKind.String } field => field.GetString()!,
        { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } field => field.GetRawText(),
        var field => throw new InvalidDataException($"the field '{name}' must be a string, a number, or true or false; it is {Kind(field)}."),
    };

    private static JsonElement Find(JsonElement line, string name) =>
        line.TryGetProperty(name, out var field) ? field : throw new InvalidDataException($"the field '{name}' is missing; there are {string.Join(", ", line.EnumerateObject().Select(property => $"'{property.Name}'"))}.");

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
