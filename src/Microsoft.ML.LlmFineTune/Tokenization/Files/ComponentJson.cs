using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>One component as the JSON that describes it in tokenizer.json.</summary>
internal static class ComponentJson
{
    // Vocabularies are mostly beyond ASCII; escaped, nobody could read them.
    public static JsonWriterOptions WriterOptions { get; } = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static T Parse<T>(string json, string path, Func<JsonPart, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(Require.NotNull(json), JsonPart.Options);
            return read(JsonPart.Of(document.RootElement, path));
        }
        // An InvalidOperationException is a text that is not Unicode: it comes out when the text is read.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is not valid JSON: {e.Message}", e);
        }
    }

    public static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, WriterOptions))
            write(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>Begins the object of a component.</summary>
    public static void Begin(this Utf8JsonWriter writer, string type)
    {
        writer.WriteStartObject();
        writer.WriteString("type", type);
    }
}
