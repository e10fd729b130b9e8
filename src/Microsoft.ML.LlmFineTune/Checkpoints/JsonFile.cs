using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Files of a model folder that hold JSON.</summary>
internal static class JsonFile
{
    // Far above any configuration or index; below what would take a machine's memory.
    private const long MaximumLength = 100_000_000;

    // A key that stands twice could be read one way here and another way elsewhere.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Reads an object, to its last string: nothing that is read from it later can fail for the file's form.</summary>
    /// <exception cref="FileNotFoundException">The folder has no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object.</exception>
    public static JsonObject Read(string folder, string name) =>
        ReadRoot(folder, name) is { ValueKind: JsonValueKind.Object } root ? JsonObject.Create(root)! : throw new InvalidDataException($"'{Path.Combine(folder, name)}' must hold a JSON object.");

    /// <summary>Reads an object and what it means; errors of the latter, which begin with the file's name, tell its folder, too.</summary>
    /// <inheritdoc cref="Read(string, string)"/>
    public static T Read<T>(string folder, string name, Func<JsonObject, T> read)
    {
        JsonObject json = Read(folder, name);
        try
        {
            return read(json);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{folder}', {error.Message}", error);
        }
        catch (NotSupportedException error)
        {
            throw new NotSupportedException($"'{folder}', {error.Message}", error);
        }
    }

    /// <summary>Reads a list.</summary>
    /// <exception cref="FileNotFoundException">The folder has no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON list.</exception>
    public static JsonArray ReadList(string folder, string name) =>
        ReadRoot(folder, name) is { ValueKind: JsonValueKind.Array } root ? JsonArray.Create(root)! : throw new InvalidDataException($"'{Path.Combine(folder, name)}' must hold a JSON list.");

    /// <summary>What is wrong with a JSON text, and where.</summary>
    public static string FaultOf(Exception error)
    {
        // The message may quote all of the text from the fault on, and ends with the place, counted from 0.
        int place = error.Message.LastIndexOf(" LineNumber: ", StringComparison.Ordinal);
        string what = ShortList.Cut((place < 0 ? error.Message : error.Message[..place]).TrimEnd('.'));
        return error is JsonException { LineNumber: long line, BytePositionInLine: long column } ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, byte {column + 1}: {what}") : what;
    }

    private static JsonElement ReadRoot(string folder, string name)
    {
        string path = Path.Combine(Require.Text(folder), name);
        if (!File.Exists(path)) throw FolderFault.Lacks(folder, name);
        FolderFault.RequireTarget(path);
        byte[] json = ReadBytes(path);
        ReadOnlyMemory<byte> text = json.AsSpan().StartsWith("\uFEFF"u8) ? json.AsMemory(3) : json;
        if (text.Span.IndexOfAnyExcept(" \t\r\n\0"u8) < 0) throw new InvalidDataException($"'{path}' is empty: was it downloaded to its end? Take a fresh copy.");
        if (!Utf8.IsValid(text.Span)) throw new InvalidDataException($"'{path}' is not UTF-8. Take a fresh copy.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Strict);
            ReadStrings(document.RootElement);
            return document.RootElement.Clone();
        }
        // Half of a surrogate pair, written as an escape, is the latter.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' is not valid JSON ({FaultOf(error)}). Mend it, or take a fresh copy.", error);
        }
    }

    /// <summary>Writes a file; a reader finds the old file or the whole new one.</summary>
    public static void Write(string folder, string name, JsonNode json) =>
        AtomicFile.Write(Path.Combine(Require.Text(folder), name), stream => JsonSerializer.Serialize(stream, json, Indented));

    private static byte[] ReadBytes(string path)
    {
        using FileStream stream = File.OpenRead(path);
        if (stream.Length > MaximumLength) throw new InvalidDataException($"'{path}' has {stream.Length} bytes; at most {MaximumLength} are read.");
        byte[] bytes = new byte[stream.Length];
        return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length ? bytes : throw new InvalidDataException($"'{path}' was cut while it was read.");
    }

    private static void ReadStrings(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    ReadStrings(property.Value);
                }
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray()) ReadStrings(item);
                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
        }
    }
}
