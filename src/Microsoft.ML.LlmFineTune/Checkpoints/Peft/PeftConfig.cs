using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints.Peft;

/// <summary>
/// The content of PEFT's <c>adapter_config.json</c>, to and from options. Each key is honoured, refused by its name, or kept for the round trip; those of the last that nobody knows are named in
/// <see cref="AdapterOptions.UnknownKeys"/>.
/// </summary>
public static class PeftConfig
{
    private const string InitializationKey = "init_lora_weights";

    // These fill A and B otherwise and leave the model's weights alone: once trained, nothing of it is left.
    private static readonly string[] PassedInitializations = ["eva", "orthogonal"];

    // Kinds that are no part of any weights.
    private static readonly string[] VirtualTokenKinds = ["P_TUNING", "MULTITASK_PROMPT_TUNING", "ADAPTION_PROMPT", "CPT", "CARTRIDGE"];

    private static readonly Dictionary<LoraBias, string> BiasNames = new() { [LoraBias.None] = "none", [LoraBias.All] = "all", [LoraBias.AdaptedLayers] = "lora_only" };

    /// <summary>Reads the content of an <c>adapter_config.json</c>.</summary>
    /// <exception cref="InvalidDataException">The kind is not known, a variant is on that the library does not have, or a value is not what it should be; the message names the key.</exception>
    public static AdapterOptions FromJson(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        PeftConfigReader reader = new(json);
        try
        {
            AdapterOptions options = reader.Kind switch
            {
                "LORA" => Lora(reader),
                "IA3" => Ia3(reader),
                "PROMPT_TUNING" => PromptTuning(reader),
                "PREFIX_TUNING" => PrefixTuning(reader),
                _ => throw new InvalidDataException($"adapter_config.json: the 'peft_type' '{ShortList.Cut(reader.Kind)}' is not supported; supported are LORA, IA3, PROMPT_TUNING and PREFIX_TUNING. {(VirtualTokenKinds.Contains(reader.Kind) ? "Of those that stand before a text, train one of the last two." : "Where PEFT can make the adapter a part of its base (merge_and_unload), take the merged model.")}"),
            };
            // The reference adds a head's usual names by the task, and saves what it added.
            IReadOnlyList<string>? toSave = reader.ModulesToSave ?? (reader.TaskType is "SEQ_CLS" or "TOKEN_CLS" or "QUESTION_ANS" ? null : []);
            options = options with { ModulesToSave = toSave, BaseModel = reader.BaseModel, OtherKeys = reader.Rest, UnknownKeys = reader.Unknown, Spellings = json.ToDictionary(entry => entry.Key, entry => JsonSerializer.SerializeToElement(entry.Value), StringComparer.Ordinal) };
            options.Validate();
            return options;
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"adapter_config.json: {Require.ReasonOf(error)}", error);
        }
    }

    /// <summary>The content of <c>adapter_config.json</c> for an adapter of a model.</summary>
    /// <param name="options">What the adapter was made by.</param>
    /// <param name="model">The model, with the adapter attached.</param>
    public static JsonObject ToJson(AdapterOptions options, nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(options);
        ModelAdapters adapters = ModelAdapters.Of(model) ?? throw new InvalidOperationException("The model has no adapter.");
        JsonObject json = new() { ["peft_type"] = options.Kind, ["base_model_name_or_path"] = options.BaseModel };
        IReadOnlyList<string> toSave = options.ModulesToSave ?? AdapterBuilder.DefaultModulesToSave(model);
        json["modules_to_save"] = toSave.Count == 0 ? null : List(toSave);
        switch (options)
        {
            case LoraOptions lora: Write(json, lora, adapters); break;
            case Ia3Options ia3: Write(json, ia3, adapters); break;
            case PromptTuningOptions prompt: Write(json, model, adapters, prompt.VirtualTokens, isPrefix: false); break;
            case PrefixTuningOptions prefix: Write(json, model, adapters, prefix.VirtualTokens, isPrefix: true); break;
        }
        foreach ((string key, JsonElement value) in options.Spellings)
        {
            JsonNode? spelled = JsonNode.Parse(value.GetRawText());
            if (json.ContainsKey(key) && SaysTheSame(spelled, json[key])) json[key] = spelled;
        }
        foreach ((string key, JsonElement value) in options.OtherKeys) json[key] = JsonNode.Parse(value.GetRawText());
        json.TryAdd("task_type", TaskType(model));
        json.TryAdd("inference_mode", true);
        foreach (string key in (string[])["auto_mapping", "revision"]) json.TryAdd(key, null);
        return new JsonObject(json.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone())));
    }

    /// <summary>Whether a key means what the library writes for it: one for a list of one, names in another order or twice.</summary>
    private static bool SaysTheSame(JsonNode? spelled, JsonNode? written)
    {
        if (JsonNode.DeepEquals(spelled, written)) return true;
        if (written is not JsonArray list) return false;
        if (spelled is not JsonArray others) return list.Count == 1 && JsonNode.DeepEquals(spelled, list[0]);
        return list.All(item => others.Any(other => JsonNode.DeepEquals(item, other))) && others.All(other => list.Any(item => JsonNode.DeepEquals(item, other)));
    }

    private static LoraOptions Lora(PeftConfigReader reader)
    {
        reader.MustBeOff("alora_invocation_tokens", "arrow_config", "corda_config", "kasa_config", "layer_replication", "loftq_config", "lora_ga_config", "megatron_config", "monteclora_config", "target_parameters",
            "trainable_token_indices", "use_bdlora", "use_qalora", "velora_config");
        // How A was drawn; and what only the draws of other variants read.
        reader.Ignore("eva_config", "runtime_config");
        // The layers know themselves whether their matrices are stored transposed.
        reader.Keep("fan_in_fan_out");
        if (reader.Keep("ensure_weight_tying") is JsonElement { ValueKind: JsonValueKind.True } && reader.ModulesToSave is { Count: > 0 })
            throw new InvalidDataException("adapter_config.json: 'ensure_weight_tying' with 'modules_to_save' is not supported; found true. Make the adapter without it.");
        string bias = reader.Text("bias") ?? BiasNames[LoraBias.None];
        return new LoraOptions
        {
            Rank = reader.Int32("r", 8),
            Alpha = reader.Double("lora_alpha", 8),
            Dropout = reader.Double("lora_dropout", 0),
            Targets = reader.Selection("target_modules"),
            Excluded = reader.Selection("exclude_modules"),
            Layers = reader.Numbers("layers_to_transform"),
            LayerWords = reader.Texts("layers_pattern"),
            RankPattern = reader.Pattern<int>("rank_pattern", value => value.TryGetInt32(out int rank) ? rank : null),
            AlphaPattern = reader.Pattern<double>("alpha_pattern", value => value.GetDouble()),
            Bias = BiasNames.Where(entry => entry.Value == bias).Select(entry => (LoraBias?)entry.Key).FirstOrDefault() ?? throw new InvalidDataException($"adapter_config.json: 'bias' must be {string.Join(", ", BiasNames.Values)}; found '{ShortList.Cut(bias)}'."),
            HasOutputBias = reader.Boolean("lora_bias", false),
            UsesRankStabilization = reader.Boolean("use_rslora", false),
            UsesWeightDecomposition = reader.Boolean("use_dora", false),
            Initialization = Initialization(reader),
        };
    }

    private static LoraInitialization Initialization(PeftConfigReader reader)
    {
        if (reader.Keep(InitializationKey) is not JsonElement value) return LoraInitialization.Uniform;
        if (value.ValueKind == JsonValueKind.True) return LoraInitialization.Uniform;
        if (value.ValueKind == JsonValueKind.False) return LoraInitialization.Random;
        string? text = value.ValueKind == JsonValueKind.String ? value.GetString()!.ToLowerInvariant() : null;
        if (text == "gaussian") return LoraInitialization.Gaussian;
        if (text is not null && PassedInitializations.Contains(text)) return LoraInitialization.Uniform;
        throw new InvalidDataException($"adapter_config.json: '{InitializationKey}' is supported as true, false, \"gaussian\", \"eva\" and \"orthogonal\"; found {ShortList.Cut(value.GetRawText())}. The others change the base model's weights, too: let PEFT convert the adapter to plain LoRA (path_initial_model_for_weight_conversion).");
    }

    private static Ia3Options Ia3(PeftConfigReader reader)
    {
        reader.Keep("fan_in_fan_out");
        return new Ia3Options
        {
            Targets = reader.Selection("target_modules"),
            FeedForward = reader.Selection("feedforward_modules"),
            Excluded = reader.Selection("exclude_modules"),
            BeginsAtOne = reader.Boolean("init_ia3_weights", true),
        };
    }

    private static PromptTuningOptions PromptTuning(PeftConfigReader reader)
    {
        // How the embeddings began; and numbers that the model knows itself.
        reader.Ignore("num_attention_heads", "num_layers", "num_transformer_submodules", "prompt_tuning_init", "prompt_tuning_init_text", "token_dim", "tokenizer_kwargs", "tokenizer_name_or_path");
        return new PromptTuningOptions { VirtualTokens = VirtualTokens(reader) };
    }

    private static PrefixTuningOptions PrefixTuning(PeftConfigReader reader)
    {
        // With a projection the file holds what it gave: the network that made the prefix is left behind.
        reader.Ignore("encoder_hidden_size", "init_weights", "num_attention_heads", "num_layers", "num_transformer_submodules", "prefix_projection", "token_dim");
        return new PrefixTuningOptions { VirtualTokens = VirtualTokens(reader) };
    }

    private static int VirtualTokens(PeftConfigReader reader) => reader.Take("num_virtual_tokens") switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int tokens) => tokens,
        null => throw new InvalidDataException("adapter_config.json: 'num_virtual_tokens' is missing."),
        JsonElement value => throw PeftConfigReader.Unexpected("num_virtual_tokens", "a whole number", value),
    };

    private static void Write(JsonObject json, LoraOptions options, ModelAdapters adapters)
    {
        ModuleSelection targets = options.Targets ?? FamilyTargets.Lora(adapters.Catalog.Backbone.Config);
        json["r"] = options.Rank;
        json["lora_alpha"] = Number(options.Alpha);
        json["lora_dropout"] = options.Dropout;
        json["target_modules"] = Selection(targets);
        json["exclude_modules"] = Selection(options.Excluded);
        json["layers_to_transform"] = options.Layers is null ? null : new JsonArray([.. options.Layers.Select(layer => JsonValue.Create(layer))]);
        json["layers_pattern"] = options.LayerWords is null ? null : List(options.LayerWords);
        json["rank_pattern"] = new JsonObject(options.RankPattern.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        json["alpha_pattern"] = new JsonObject(options.AlphaPattern.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)Number(entry.Value))));
        json["bias"] = BiasNames[options.Bias];
        json["lora_bias"] = options.HasOutputBias;
        json["use_rslora"] = options.UsesRankStabilization;
        json["use_dora"] = options.UsesWeightDecomposition;
        json["fan_in_fan_out"] = IsTransposed(adapters, targets);
        json[InitializationKey] = options.Initialization switch { LoraInitialization.Gaussian => "gaussian", LoraInitialization.Random => false, _ => true };
    }

    private static void Write(JsonObject json, Ia3Options options, ModelAdapters adapters)
    {
        IReadOnlyList<string> usual = options.Targets is null ? FamilyTargets.Ia3(adapters.Catalog.Backbone.Config) : [];
        ModuleSelection targets = options.Targets ?? ModuleSelection.Of(usual);
        json["target_modules"] = Selection(targets);
        json["feedforward_modules"] = Selection(options.FeedForward ?? (options.Targets is null ? ModuleSelection.Of(usual[^1]) : null)) ?? new JsonArray();
        json["exclude_modules"] = Selection(options.Excluded);
        json["init_ia3_weights"] = options.BeginsAtOne;
        json["fan_in_fan_out"] = IsTransposed(adapters, targets);
    }

    private static void Write(JsonObject json, nn.Module model, ModelAdapters adapters, int tokens, bool isPrefix)
    {
        BackboneModel backbone = adapters.Catalog.Backbone;
        json["num_virtual_tokens"] = tokens;
        json["num_transformer_submodules"] = model is EncoderDecoderModel ? 2 : 1;
        if (isPrefix) json["prefix_projection"] = false;
        else json["prompt_tuning_init"] = "RANDOM";
        if (backbone.KeyValueShape is not KeyValueShape shape) return;
        json["num_layers"] = shape.Layers;
        json["num_attention_heads"] = shape.Heads;
        json["token_dim"] = isPrefix ? shape.Heads * shape.HeadSize : backbone.Config.Width;
    }

    private static string? TaskType(nn.Module model) => model switch
    {
        SequenceClassifier => "SEQ_CLS",
        TokenClassifier => "TOKEN_CLS",
        QuestionAnsweringModel => "QUESTION_ANS",
        DecoderModel => "CAUSAL_LM",
        EncoderDecoderModel => "SEQ_2_SEQ_LM",
        EncoderModel or TextEmbedder => "FEATURE_EXTRACTION",
        _ => null,
    };

    private static bool IsTransposed(ModelAdapters adapters, ModuleSelection targets) =>
        adapters.Catalog.Modules.Any(module => module.IsTransposed && (targets.IsAllLinear || targets.Selects(module.Name)));

    private static JsonNode? Selection(ModuleSelection? selection) => selection switch
    {
        null => null,
        { IsAllLinear: true } => "all-linear",
        { Pattern: string pattern } => pattern,
        _ => List(selection.Names!),
    };

    private static JsonNode Number(double value) => value == Math.Floor(value) && Math.Abs(value) < int.MaxValue ? JsonValue.Create((int)value) : JsonValue.Create(value);

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);
}
