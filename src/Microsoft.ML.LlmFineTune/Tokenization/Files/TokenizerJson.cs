using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reading JSON whose every complaint names the part of the file.</summary>
internal static class TokenizerJson
{
    public static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    public static T Part<T>(JsonObject parent, string path, string name, T? fallback = default, bool required = false)
    {
        var node = parent[name];
        if (node is null)
            return required ? throw new InvalidDataException($"{Join(path, name)} is missing.") : fallback!;
        try
        {
            return typeof(JsonNode).IsAssignableFrom(typeof(T)) ? (T)(object)node : node.GetValue<T>();
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or InvalidCastException)
        {
            throw new InvalidDataException($"{Join(path, name)} must be {Describe(typeof(T))}; it is {Shorten(node)}.", e);
        }
    }

    public static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    public static string Shorten(JsonNode? node)
    {
        var text = node?.ToJsonString() ?? "null";
        return text.Length > 60 ? text[..60] + "..." : text;
    }

    private static string Describe(Type type) =>
        type == typeof(string) ? "a string" : type == typeof(bool) ? "true or false" : type == typeof(int) ? "an integer below 2^31" : type == typeof(JsonObject) ? "an object" : "an array";
}
