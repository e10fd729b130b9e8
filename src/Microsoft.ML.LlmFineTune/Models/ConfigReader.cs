using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Takes keys out of a <c>config.json</c> and remembers which are left. Errors name the key, what was expected and what was found.</summary>
internal sealed class ConfigReader
{
    /// <summary>
    /// Keys that any family's file may have and that change nothing of what the model computes: how it is run, where it came from, and how texts are generated
    /// (which the generation configuration is for).
    /// </summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "_commit_hash", "attn_implementation", "attribute_map", "auto_map", "chunk_size_feed_forward", "finetuning_task", "gradient_checkpointing",
        "is_composition", "keys_to_ignore_at_inference", "output_attentions", "output_hidden_states", "output_past", "prefix", "problem_type", "return_dict", "task_specific_params", "tf_legacy_loss", "tokenizer_class", "torchscript",
        "transformers_version", "use_bfloat16", "use_cache", "use_return_dict",
        "bad_words_ids", "begin_suppress_tokens", "decoder_start_token_id", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "forced_bos_token_id",
        "forced_eos_token_id", "length_penalty", "max_length", "max_new_tokens", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "output_scores", "remove_invalid_values",
        "repetition_penalty", "return_dict_in_generate", "sep_token_id", "suppress_tokens", "temperature", "top_k", "top_p", "typical_p",
    };

    /// <summary>More layers than any model has: lists with a word for each are made before the weights beside them are looked at.</summary>
    public const int MostLayers = 1 << 16;

    private readonly Dictionary<string, JsonElement> _rest = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(Harmless, StringComparer.Ordinal);

    /// <summary>Reads an object; what every family derives itself is taken out, what no family can do is refused.</summary>
    /// <exception cref="InvalidDataException">A key asks for what no family has.</exception>
    public ConfigReader(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        foreach ((string key, JsonNode? value) in json) _rest[key] = JsonSerializer.SerializeToElement(value);
        foreach (string derived in (string[])["model_type", "architectures", "dtype", "torch_dtype"]) Take(derived);
        if (_rest.TryGetValue("quantization_config", out JsonElement quantized) && quantized.ValueKind != JsonValueKind.Null)
            throw new InvalidDataException($"config.json: the weights are quantized ('quantization_config' is {Cut(JsonSerializer.Serialize(quantized))}), which the library does not read. Take the checkpoint in its original precision.");
        _known.Add("quantization_config");
        MustBe("pruned_heads", "null", "{}");
        MustBe("add_cross_attention", "null", "false");
        MustBe("cross_attention_hidden_size", "null");
        MustBe("tie_encoder_decoder", "null", "false");
    }

    /// <summary>Names of <c>problem_type</c>.</summary>
    public static IReadOnlyDictionary<ClassificationProblem, string> ProblemNames { get; } = new Dictionary<ClassificationProblem, string>
    {
        [ClassificationProblem.SingleLabel] = "single_label_classification", [ClassificationProblem.MultiLabel] = "multi_label_classification", [ClassificationProblem.Regression] = "regression",
    };

    /// <summary>Names of <c>pooling</c>.</summary>
    public static IReadOnlyDictionary<Pooling, string> PoolingNames { get; } = new Dictionary<Pooling, string> { [Layers.Pooling.LastToken] = "last", [Layers.Pooling.Mean] = "mean", [Layers.Pooling.FirstToken] = "first" };

    /// <summary>The keys that nobody has taken.</summary>
    public IReadOnlyDictionary<string, JsonElement> Rest => _rest;

    /// <summary>Those of <see cref="Rest"/> that nobody knows.</summary>
    public IReadOnlyList<string> Unknown => [.. _rest.Keys.Where(key => !_known.Contains(key)).Order(StringComparer.Ordinal)];

    /// <summary>A key of the family that the library honours for some values only; it stays for the round trip.</summary>
    /// <param name="key">The key; it may be missing.</param>
    /// <param name="allowed">The values, as compact JSON.</param>
    /// <exception cref="InvalidDataException">It has another value.</exception>
    public void MustBe(string key, params ReadOnlySpan<string> allowed)
    {
        _known.Add(key);
        if (!_rest.TryGetValue(key, out JsonElement value)) return;
        string text = JsonSerializer.Serialize(value);
        if (!allowed.Contains(text)) throw new InvalidDataException($"config.json: '{key}' is supported as {string.Join(" or ", allowed.ToArray())} only; found {Cut(text)}.");
    }

    /// <summary>Keys of the family that change nothing of what the model computes; they stay for the round trip.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys) _known.Add(key);
    }

    /// <summary>Gives a key that is missing the value that the family's configurations leave out.</summary>
    public void Default(string key, int value) => _rest.TryAdd(key, JsonSerializer.SerializeToElement(value));

    public int Int32(string key, int defaultValue) => Take(key) is JsonElement value ? AsInt32(key, value) : defaultValue;

    /// <summary>A count of layers, from <paramref name="least"/> to <see cref="MostLayers"/>.</summary>
    public int LayerCount(string key, int defaultValue, int least = 1)
    {
        int count = Int32(key, defaultValue);
        if (count < least || count > MostLayers) throw new InvalidDataException($"config.json: '{key}' must be from {least} to {MostLayers}; found {count}.");
        return count;
    }

    public int? OptionalInt32(string key) => Take(key) is JsonElement value ? AsInt32(key, value) : null;

    /// <summary>A whole number; null when the key is null, the default when it is missing.</summary>
    public int? Int32OrNull(string key, int? defaultValue) => _rest.ContainsKey(key) ? OptionalInt32(key) : defaultValue;

    /// <summary>A number; null when the key is null, the default when it is missing.</summary>
    public double? DoubleOrNull(string key, double? defaultValue) => _rest.ContainsKey(key) ? OptionalDouble(key) : defaultValue;

    /// <summary>A whole number that stays for the round trip, because another key says the same or only a rule that is already applied looks at it.</summary>
    public int? KeptInt32(string key)
    {
        _known.Add(key);
        return _rest.TryGetValue(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? AsInt32(key, value) : null;
    }

    public double? OptionalDouble(string key) =>
        Take(key) is not JsonElement value ? null : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Unexpected(key, "a number", value);

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

    /// <summary>Numbers, one or many; empty when the key is missing or null.</summary>
    public IReadOnlyList<double> Doubles(string key) => Take(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number) => [.. list.EnumerateArray().Select(item => item.GetDouble())],
        JsonElement value => throw Unexpected(key, "a list of numbers", value),
    };

    /// <summary>Texts; null when the key is missing or null.</summary>
    public IReadOnlyList<string>? Texts(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => [.. list.EnumerateArray().Select(item => item.GetString()!)],
        JsonElement value => throw Unexpected(key, "a list of texts", value),
    };

    /// <summary>A nested object; null when the key is missing or null.</summary>
    public JsonObject? Object(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => JsonObject.Create(value),
        JsonElement value => throw Unexpected(key, "an object", value),
    };

    /// <summary>What a text classifier's outputs mean.</summary>
    public ClassificationProblem Problem()
    {
        // What is the case anyway is only kept for the round trip.
        if (_rest.TryGetValue("problem_type", out JsonElement usual) && usual.ValueKind == JsonValueKind.String && usual.GetString() == ProblemNames[ClassificationProblem.SingleLabel]) return ClassificationProblem.SingleLabel;
        if (Take("problem_type") is not JsonElement value) return ClassificationProblem.SingleLabel;
        foreach ((ClassificationProblem problem, string name) in ProblemNames)
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString() == name) return problem;
        }
        throw Unexpected("problem_type", string.Join(", ", ProblemNames.Values), value);
    }

    /// <summary>The names of <c>id2label</c> in the order of their ids; those that <c>num_labels</c> stands for where it is missing; empty without either.</summary>
    public IReadOnlyList<string> Labels()
    {
        const int MostNumbered = 1 << 20;
        Take("label2id");
        int? count = OptionalInt32("num_labels");
        if (Take("id2label") is not JsonElement map)
        {
            if (count is null) return [];
            if (count is < 1 or > MostNumbered) throw new InvalidDataException($"config.json: 'num_labels' must be from 1 to {MostNumbered}; found {count}.");
            return new NumberedLabels(count.Value);
        }
        if (map.ValueKind != JsonValueKind.Object) throw Unexpected("id2label", "an object from ids to names", map);
        string?[] labels = new string?[map.EnumerateObject().Count()];
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            bool isNext = int.TryParse(entry.Name, CultureInfo.InvariantCulture, out int id) && id >= 0 && id < labels.Length && entry.Value.ValueKind == JsonValueKind.String;
            if (!isNext) throw new InvalidDataException($"config.json: id2label must map 0 to {labels.Length - 1} to names; found '{Cut(entry.Name)}': {Cut(entry.Value.GetRawText())}.");
            labels[id] = entry.Value.GetString();
        }
        return labels!;
    }

    /// <summary>What a text classifier's head looks at; null: what the family's published classifiers do.</summary>
    public Pooling? Pooling()
    {
        if (Take(ModelConfig.PoolingKey) is not JsonElement value) return null;
        foreach ((Pooling pooling, string name) in PoolingNames)
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString() == name) return pooling;
        }
        throw Unexpected(ModelConfig.PoolingKey, string.Join(", ", PoolingNames.Values), value);
    }

    /// <summary>Takes a key out; null when it is missing or null.</summary>
    public JsonElement? Take(string key) => _rest.Remove(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static int AsInt32(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Unexpected(key, "a whole number", value);

    private static InvalidDataException Unexpected(string key, string expected, JsonElement found) =>
        new($"config.json: '{key}' must be {expected}; found {Cut(found.GetRawText())}.");

    /// <summary>The beginning of a text: a damaged file's values can be long.</summary>
    public static string Cut(string text) => text.Length > 200 ? $"{text[..200]}..." : text;
}
