using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Reads the keys of Hugging Face's GenerationConfig (<c>generation_config.json</c>, and older <c>config.json</c>).</summary>
internal sealed class GenerationConfigReader
{
    private const int DefaultNewTokens = 20;
    private const int DefaultTopK = 50;

    // What a model's own configuration says about generation in checkpoints without a generation_config.json.
    private static readonly string[] LegacyKeys =
    [
        "max_length", "max_new_tokens", "min_length", "min_new_tokens", "max_time", "stop_strings", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_h", "top_k", "top_p", "min_p",
        "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty", "encoder_repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "force_words_ids", "constraints",
        "num_return_sequences", "renormalize_logits", "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "forced_bos_token_id", "forced_eos_token_id", "forced_decoder_ids",
        "sequence_bias", "guidance_scale", "penalty_alpha", "decoder_start_token_id", "eos_token_id", "force_bos_token_to_be_generated", "bos_token_id", "watermarking_config", "dola_layers", "token_healing",
        "prompt_lookup_num_tokens", "max_matching_ngram_size", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold", "use_cache",
    ];

    private readonly Dictionary<string, JsonElement> _keys = new(StringComparer.Ordinal);
    private readonly string _file;

    private GenerationConfigReader(JsonObject json, string file)
    {
        _file = file;
        foreach ((string key, JsonNode? value) in json)
        {
            if (value is not null) _keys[key] = JsonSerializer.SerializeToElement(value);
        }
    }

    public static GenerationOptions ReadFolder(string folder)
    {
        const string own = "generation_config.json", model = "config.json";
        if (File.Exists(Path.Combine(folder, own))) return JsonFile.Read(folder, own, json => Read(json, own));
        if (!File.Exists(Path.Combine(folder, model))) throw new FileNotFoundException($"'{folder}' has neither {own} nor {model}: it is no model's folder, or a part of it is missing.", Path.Combine(folder, own));
        return JsonFile.Read(folder, model, config => Read(LegacySettings(config), model));
    }

    public static GenerationOptions Read(JsonObject json, string file) => new GenerationConfigReader(json, file).Options();

    private static JsonObject LegacySettings(JsonObject config)
    {
        // An encoder-decoder put together from two models keeps these keys with its decoder.
        JsonObject? decoder = config["decoder"] as JsonObject;
        JsonObject settings = [];
        foreach (string key in LegacyKeys)
        {
            if ((config[key] ?? decoder?[key]) is JsonNode value) settings[key] = value.DeepClone();
        }
        return settings;
    }

    private GenerationOptions Options()
    {
        RefuseWhatIsMissing();
        bool samples = Boolean("do_sample") ?? false;
        int beams = Int32("num_beams") ?? 1;
        int topK = Int32("top_k") ?? DefaultTopK;
        double temperature = Double("temperature") ?? 1;
        int? newTokens = Int32("max_new_tokens"), length = Int32("max_length");
        double penaltyAlpha = Double("penalty_alpha") ?? 0;
        int? beginOfText = Boolean("force_bos_token_to_be_generated") == true ? Int32("bos_token_id") : null;

        GenerationOptions defaults = new();
        GenerationOptions options = new()
        {
            // New tokens count where both are given; the prompt takes a part of a length.
            MaxNewTokens = newTokens ?? length ?? DefaultNewTokens,
            MaxLength = newTokens is null ? length : null,
            MinNewTokens = Int32("min_new_tokens") ?? 0,
            MinLength = Int32("min_length") ?? 0,
            MaxTime = Time("max_time"),
            StopStrings = Texts("stop_strings") ?? [],
            EndTokens = OneOrMany("eos_token_id"),
            DoSample = samples,
            Temperature = temperature,
            TopH = Double("top_h") ?? 0,
            TopK = topK,
            TopP = Double("top_p") ?? 1,
            MinP = Double("min_p") ?? 0,
            TypicalP = Double("typical_p") ?? 1,
            EpsilonCutoff = Double("epsilon_cutoff") ?? 0,
            EtaCutoff = Double("eta_cutoff") ?? 0,
            ReturnSequences = Int32("num_return_sequences") ?? 1,
            Beams = beams,
            LengthPenalty = Double("length_penalty") ?? 1,
            EarlyStopping = EarlyStopping(),
            // Where tokens are drawn, or beams searched, the reference does without it.
            ContrastivePenalty = !samples && beams == 1 && topK > 1 ? penaltyAlpha : 0,
            PromptLookupTokens = beams == 1 ? Int32("prompt_lookup_num_tokens") ?? 0 : 0,
            PromptLookupNGramSize = Int32("max_matching_ngram_size") ?? defaults.PromptLookupNGramSize,
            AssistantTokens = Int32("num_assistant_tokens") ?? defaults.AssistantTokens,
            AssistantSchedule = Schedule(),
            AssistantConfidence = Double("assistant_confidence_threshold") ?? defaults.AssistantConfidence,
            RepetitionPenalty = Double("repetition_penalty") ?? 1,
            EncoderRepetitionPenalty = Double("encoder_repetition_penalty") ?? 1,
            NoRepeatNGramSize = Int32("no_repeat_ngram_size") ?? 0,
            EncoderNoRepeatNGramSize = Int32("encoder_no_repeat_ngram_size") ?? 0,
            BadWords = Sequences("bad_words_ids") ?? [],
            SequenceBiases = Biases(),
            SuppressTokens = OneOrMany("suppress_tokens") ?? [],
            BeginSuppressTokens = OneOrMany("begin_suppress_tokens") ?? [],
            ForcedBeginToken = Int32("forced_bos_token_id") ?? beginOfText,
            ForcedEndTokens = OneOrMany("forced_eos_token_id") ?? [],
            ExponentialDecayLengthPenalty = Decay(),
            RemoveInvalidValues = Boolean("remove_invalid_values") ?? false,
            RenormalizeLogits = Boolean("renormalize_logits") ?? false,
            DecoderStartToken = Int32("decoder_start_token_id"),
            UseCache = Boolean("use_cache") ?? true,
            OtherKeys = _keys,
        };
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{_file}: {Require.ReasonOf(error)}", error);
        }
    }

    /// <summary>What would make other texts of the same model, and is not here.</summary>
    private void RefuseWhatIsMissing()
    {
        Refuse("num_beam_groups", value => value.ValueKind == JsonValueKind.Number && value.GetDouble() <= 1, "beams in groups");
        Refuse("diversity_penalty", value => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 0, "beams in groups");
        Refuse("force_words_ids", _ => false, "beams with constraints");
        Refuse("constraints", _ => false, "beams with constraints");
        Refuse("dola_layers", _ => false, "decoding by contrasting layers");
        Refuse("guidance_scale", value => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 1, "classifier-free guidance");
        Refuse("watermarking_config", _ => false, "watermarks");
        Refuse("token_healing", value => value.ValueKind == JsonValueKind.False, "healing of a prompt's last token");
        Refuse("forced_decoder_ids", _ => false, "tokens forced by position");
        Refuse("assistant_ensemble_weight", _ => false, "drafts that change the text");
        Refuse("use_mtp", value => value.ValueKind == JsonValueKind.False, "prediction heads for several tokens");
    }

    private void Refuse(string key, Func<JsonElement, bool> changesNothing, string what)
    {
        if (Take(key) is JsonElement value && !changesNothing(value)) throw new NotSupportedException($"{_file}: '{key}' is {ConfigReader.Cut(value.GetRawText())}; the library has no {what}. Remove the key to generate without.");
    }

    private BeamStopping EarlyStopping() => Take("early_stopping") switch
    {
        null or { ValueKind: JsonValueKind.False } => BeamStopping.Heuristic,
        { ValueKind: JsonValueKind.True } => BeamStopping.Immediate,
        { ValueKind: JsonValueKind.String } value when value.GetString() == "never" => BeamStopping.Never,
        JsonElement value => throw Unexpected("early_stopping", "true, false or \"never\"", value),
    };

    private AssistantSchedule Schedule() => Take("num_assistant_tokens_schedule") switch
    {
        null => AssistantSchedule.Constant,
        { ValueKind: JsonValueKind.String } value when value.GetString() is "constant" => AssistantSchedule.Constant,
        { ValueKind: JsonValueKind.String } value when value.GetString() is "heuristic" or "heuristic_transient" => AssistantSchedule.Heuristic,
        JsonElement value => throw Unexpected("num_assistant_tokens_schedule", "\"constant\", \"heuristic\" or \"heuristic_transient\"", value),
    };

    private ExponentialDecay? Decay()
    {
        const string key = "exponential_decay_length_penalty";
        if (Take(key) is not JsonElement value) return null;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 2 || value[1].ValueKind != JsonValueKind.Number) throw Unexpected(key, "[start, factor]", value);
        return new ExponentialDecay(AsInt32(key, value[0]), value[1].GetDouble());
    }

    private IReadOnlyList<SequenceBias> Biases()
    {
        const string key = "sequence_bias";
        if (Take(key) is not JsonElement list) return [];
        if (list.ValueKind != JsonValueKind.Array) throw Unexpected(key, "a list of [[ids], bias]", list);
        return [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[1].ValueKind == JsonValueKind.Number
            ? new SequenceBias(Ids(key, item[0]), item[1].GetDouble()) : throw Unexpected(key, "a list of [[ids], bias]", item))];
    }

    private IReadOnlyList<IReadOnlyList<int>>? Sequences(string key) => Take(key) is not JsonElement list ? null
        : list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(item => Ids(key, item))] : throw Unexpected(key, "a list of lists of ids", list);

    private IReadOnlyList<string>? Texts(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => [text.GetString()!],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => [.. list.EnumerateArray().Select(item => item.GetString()!)],
        JsonElement value => throw Unexpected(key, "a text or a list of texts", value),
    };

    private IReadOnlyList<int>? OneOrMany(string key) => Take(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list => Ids(key, list),
        JsonElement value => [AsInt32(key, value)],
    };

    private int[] Ids(string key, JsonElement list) =>
        list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(item => AsInt32(key, item))] : throw Unexpected(key, "a list of ids", list);

    private int? Int32(string key) => Take(key) is JsonElement value ? AsInt32(key, value) : null;

    private double? Double(string key) => Take(key) is not JsonElement value ? null : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Unexpected(key, "a number", value);

    /// <summary>A number of seconds; what no clock counts to is no limit.</summary>
    private TimeSpan? Time(string key) => Double(key) is not double seconds || seconds >= TimeSpan.MaxValue.TotalSeconds ? null : seconds >= 0 ? TimeSpan.FromSeconds(seconds) : throw new InvalidDataException($"{_file}: '{key}' must not be negative; found {seconds}.");

    private bool? Boolean(string key) => Take(key) is not JsonElement value ? null : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Unexpected(key, "true or false", value);

    private JsonElement? Take(string key) => _keys.Remove(key, out JsonElement value) ? value : null;

    private int AsInt32(string key, JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Unexpected(key, "a whole number", value);

    private InvalidDataException Unexpected(string key, string expected, JsonElement found) => new($"{_file}: '{key}' must be {expected}; found {ConfigReader.Cut(found.GetRawText())}.");
}
