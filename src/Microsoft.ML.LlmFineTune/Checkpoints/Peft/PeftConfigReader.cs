using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Adapters;

namespace Microsoft.ML.LlmFineTune.Checkpoints.Peft;

/// <summary>Takes keys out of an <c>adapter_config.json</c> and remembers which are left. Errors name the key, what was expected and what was found.</summary>
internal sealed class PeftConfigReader
{
    // How the file came to be, and settings of variants that are refused where they are on.
    private static readonly string[] Harmless = ["auto_mapping", "ensure_weight_tying", "inference_mode", "megatron_core", "peft_version", "qalora_group_size", "revision", "task_type"];

    private readonly Dictionary<string, JsonElement> _rest = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(Harmless, StringComparer.Ordinal);

    public PeftConfigReader(JsonObject json)
    {
        foreach ((string key, JsonNode? value) in json) _rest[key] = JsonSerializer.SerializeToElement(value);
        Kind = Text("peft_type") ?? throw new InvalidDataException("adapter_config.json: 'peft_type' is missing; it names the kind of adapter.");
        TaskType = _rest.TryGetValue("task_type", out JsonElement task) && task.ValueKind == JsonValueKind.String ? task.GetString() : null;
        BaseModel = Text("base_model_name_or_path");
        ModulesToSave = Texts("modules_to_save") is { } modules ? [.. modules.Distinct(StringComparer.Ordinal)] : null;
    }

    public string Kind { get; }

    public string? TaskType { get; }

    public string? BaseModel { get; }

    public IReadOnlyList<string>? ModulesToSave { get; }

    /// <summary>The keys that nobody has taken.</summary>
    public IReadOnlyDictionary<string, JsonElement> Rest => _rest;

    /// <summary>Those of <see cref="Rest"/> that nobody knows.</summary>
    public IReadOnlyList<string> Unknown => [.. _rest.Keys.Where(key => !_known.Contains(key)).Order(StringComparer.Ordinal)];

    /// <summary>Keys that change nothing of what the adapter computes; they stay for the round trip.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys) _known.Add(key);
    }

    /// <summary>Keys of variants that the library does not have: they must be off. They stay for the round trip.</summary>
    public void MustBeOff(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            _known.Add(key);
            if (!_rest.TryGetValue(key, out JsonElement value)) continue;
            string text = JsonSerializer.Serialize(value);
            if (text is not ("null" or "false" or "{}" or "[]")) throw new InvalidDataException($"adapter_config.json: '{key}' is not supported; found {ShortList.Cut(text)}. Make the adapter without it.");
        }
    }

    public int Int32(string key, int defaultValue) => Take(key) switch
    {
        null => defaultValue,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) => number,
        JsonElement value => throw Unexpected(key, "a whole number", value),
    };

    public double Double(string key, double defaultValue) => Take(key) switch
    {
        null => defaultValue,
        { ValueKind: JsonValueKind.Number } value => value.GetDouble(),
        JsonElement value => throw Unexpected(key, "a number", value),
    };

    public bool Boolean(string key, bool defaultValue) => Take(key) switch
    {
        null => defaultValue,
        { ValueKind: JsonValueKind.True or JsonValueKind.False } value => value.GetBoolean(),
        JsonElement value => throw Unexpected(key, "true or false", value),
    };

    public string? Text(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        JsonElement value => throw Unexpected(key, "a text", value),
    };

    /// <summary>Texts, one or many; null when the key is missing or null.</summary>
    public IReadOnlyList<string>? Texts(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => [value.GetString()!],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => [.. list.EnumerateArray().Select(item => item.GetString()!)],
        JsonElement value => throw Unexpected(key, "a list of texts", value),
    };

    /// <summary>Whole numbers, one or many; null when the key is missing or null.</summary>
    public IReadOnlyList<int>? Numbers(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) => [number],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out _)) => [.. list.EnumerateArray().Select(item => item.GetInt32())],
        JsonElement value => throw Unexpected(key, "a whole number or a list of them", value),
    };

    /// <summary>Names of modules, or a pattern; null when the key is missing, null or empty.</summary>
    public ModuleSelection? Selection(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value when value.GetString() is "all-linear" => ModuleSelection.AllLinear,
        { ValueKind: JsonValueKind.String } value => ModuleSelection.Matching(value.GetString()!),
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            list.GetArrayLength() == 0 ? null : ModuleSelection.Of([.. list.EnumerateArray().Select(item => item.GetString()!)]),
        JsonElement value => throw Unexpected(key, "a text or a list of texts", value),
    };

    /// <summary>Numbers by pattern, in the file's order.</summary>
    public OrderedDictionary<string, T> Pattern<T>(string key, Func<JsonElement, T?> read) where T : struct
    {
        OrderedDictionary<string, T> found = new(StringComparer.Ordinal);
        if (Take(key) is not JsonElement patterns) return found;
        if (patterns.ValueKind != JsonValueKind.Object) throw Unexpected(key, "an object from patterns to numbers", patterns);
        foreach (JsonProperty entry in patterns.EnumerateObject())
            found.Add(entry.Name, (entry.Value.ValueKind == JsonValueKind.Number ? read(entry.Value) : null) ?? throw Unexpected($"{key}.{entry.Name}", "a number", entry.Value));
        return found;
    }

    /// <summary>Takes a key out; null when it is missing or null.</summary>
    public JsonElement? Take(string key) => _rest.Remove(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A key that stays for the round trip.</summary>
    public JsonElement? Keep(string key)
    {
        _known.Add(key);
        return _rest.TryGetValue(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public static InvalidDataException Unexpected(string key, string expected, JsonElement found) => new($"adapter_config.json: '{key}' must be {expected}; found {ShortList.Cut(found.GetRawText())}.");
}
