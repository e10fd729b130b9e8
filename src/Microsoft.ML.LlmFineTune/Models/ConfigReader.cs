using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Takes keys out of a <c>config.json</c> and remembers which are left. Errors name the key, what was expected and what was found.</summary>
internal sealed class ConfigReader
{
    private readonly Dictionary<string, JsonElement> _rest = new(StringComparer.Ordinal);

    public ConfigReader(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        foreach ((string key, JsonNode? value) in json) _rest[key] = JsonSerializer.SerializeToElement(value);
    }

    /// <summary>The keys that nobody has taken.</summary>
    public IReadOnlyDictionary<string, JsonElement> Rest => _rest;

    public int Int32(string key, int defaultValue) => Take(key) is JsonElement value ? AsInt32(key, value) : defaultValue;

    public int? OptionalInt32(string key) => Take(key) is JsonElement value ? AsInt32(key, value) : null;

    public double Double(string key, double defaultValue) =>
        Take(key) is not JsonElement value ? defaultValue : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Unexpected(key, "a number", value);

    public bool Boolean(string key, bool defaultValue) =>
        Take(key) is not JsonElement value ? defaultValue : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Unexpected(key, "true or false", value);

    public string Text(string key, string defaultValue) =>
        Take(key) is not JsonElement value ? defaultValue : value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Unexpected(key, "a text", value);

    /// <summary>A number or a list of numbers; empty when the key is missing or null.</summary>
    public IReadOnlyList<int> OneOrManyInt32(string key) => Take(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(item => AsInt32(key, item))],
        JsonElement value => [AsInt32(key, value)],
    };

    /// <summary>The names of <c>id2label</c> in the order of their ids; empty when the key is missing.</summary>
    public IReadOnlyList<string> Labels()
    {
        Take("label2id");
        if (Take("id2label") is not JsonElement map) return [];
        if (map.ValueKind != JsonValueKind.Object) throw Unexpected("id2label", "an object from ids to names", map);
        string?[] labels = new string?[map.EnumerateObject().Count()];
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            bool isNext = int.TryParse(entry.Name, CultureInfo.InvariantCulture, out int id) && id >= 0 && id < labels.Length && entry.Value.ValueKind == JsonValueKind.String;
            if (!isNext) throw new InvalidDataException($"config.json: id2label must map 0 to {labels.Length - 1} to names; found '{entry.Name}': {entry.Value.GetRawText()}.");
            labels[id] = entry.Value.GetString();
        }
        return labels!;
    }

    /// <summary>What a text classifier's head looks at.</summary>
    public Pooling Pooling() => Take(ModelConfig.PoolingKey) switch
    {
        null => Layers.Pooling.LastToken,
        JsonElement value when value.ValueKind == JsonValueKind.String && value.GetString() == ModelConfig.MeanPooling => Layers.Pooling.Mean,
        JsonElement value => throw Unexpected(ModelConfig.PoolingKey, $"\"{ModelConfig.MeanPooling}\", or missing for the last token", value),
    };

    /// <summary>Takes a key out; null when it is missing or null.</summary>
    public JsonElement? Take(string key) => _rest.Remove(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static int AsInt32(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Unexpected(key, "a whole number", value);

    private static InvalidDataException Unexpected(string key, string expected, JsonElement found) =>
        new($"config.json: '{key}' must be {expected}; found {found.GetRawText()}.");
}
