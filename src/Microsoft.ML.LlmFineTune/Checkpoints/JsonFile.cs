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

    /// <summary>Reads a file, to its last string: nothing that is read from the object later can fail for the file's form.</summary>
    /// <exception cref="FileNotFoundException">The folder has no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object.</exception>
    public static JsonObject Read(string folder, string name)
    {
        string path = Path.Combine(Require.Text(folder), name);
        if (!File.Exists(path)) throw new FileNotFoundException($"'{folder}' has no {name}: it is not a model folder, or a part of it is missing.", path);
        byte[] json = ReadBytes(path);
        ReadOnlyMemory<byte> text = json.AsSpan().StartsWith("\uFEFF"u8) ? json.AsMemory(3) : json;
        if (!Utf8.IsValid(text.Span)) throw new InvalidDataException($"'{path}' is not UTF-8.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Strict);
            ReadStrings(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object ? JsonObject.Create(document.RootElement.Clone())! : throw new InvalidDataException($"'{path}' must hold a JSON object.");
        }
        // Half of a surrogate pair, written as an escape, is the latter.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' is not valid JSON: {error.Message}", error);
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
