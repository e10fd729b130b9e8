using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Which layers see a window of the text only and which see all of it, as <c>layer_types</c> names them.</summary>
internal static class LayerTypesJson
{
    /// <summary>A layer that sees a window.</summary>
    public const string Window = "sliding_attention";

    /// <summary>A layer that sees all.</summary>
    public const string Full = "full_attention";

    private const string Key = "layer_types";

    /// <summary>For each layer whether it has a window; null when the key is missing.</summary>
    /// <param name="reader">The configuration.</param>
    /// <param name="layers">How many there must be.</param>
    /// <exception cref="InvalidDataException">There are more or fewer, or they are of other types.</exception>
    public static bool[]? Read(ConfigReader reader, int layers)
    {
        if (reader.Texts(Key) is not IReadOnlyList<string> types) return null;
        bool[] isWindow = [.. types.Select(type => type switch
        {
            Window => true,
            Full => false,
            _ => throw new InvalidDataException($"config.json: '{Key}' is supported with {Full} and {Window}; found '{ConfigReader.Cut(type)}'."),
        })];
        return isWindow.Length == layers ? isWindow : throw new InvalidDataException($"config.json: '{Key}' must name each of the {layers} layers; found {isWindow.Length}.");
    }

    /// <summary>The same, where windows have a size of their own: without one there may be no such layer.</summary>
    /// <param name="reader">The configuration.</param>
    /// <param name="layers">How many there must be.</param>
    /// <param name="window">The size; null: there is none.</param>
    /// <param name="keys">The keys that give it, as errors call them.</param>
    /// <param name="rule">Which layers have a window where the key is missing.</param>
    /// <exception cref="InvalidDataException">There are more or fewer layers, or they are of other types, or need a window.</exception>
    public static bool[] Read(ConfigReader reader, int layers, int? window, string keys, Func<int, bool> rule)
    {
        bool[] isWindow = Read(reader, layers) ?? [.. Enumerable.Range(0, layers).Select(layer => window is not null && rule(layer))];
        return window is not null || !isWindow.Contains(true) ? isWindow : throw new InvalidDataException($"config.json: '{Key}' has layers of the type {Window}, which need {keys}.");
    }

    /// <summary>Writes the key.</summary>
    public static void Write(JsonObject json, int layers, Func<int, bool> isWindow) =>
        json[Key] = new JsonArray([.. Enumerable.Range(0, layers).Select(layer => JsonValue.Create(isWindow(layer) ? Window : Full))]);
}
