using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Gemma;

/// <summary>How the generations of Gemma are spelled in <c>config.json</c>: what they share, then what each adds.</summary>
internal static class GemmaJson
{
    /// <summary>The family's name of a Gemma 3 that sees images; its texts' part is a model of its own.</summary>
    public const string WithImages = "gemma3";

    private static readonly SortedDictionary<GemmaKind, string> Names = new() { [GemmaKind.Gemma] = "gemma", [GemmaKind.Gemma2] = "gemma2", [GemmaKind.Gemma3] = "gemma3_text" };

    public static string NameOf(GemmaKind kind) => Names.TryGetValue(kind, out string? name) ? name : throw new ArgumentException($"{kind} is no kind of Gemma.", nameof(kind));

    public static GemmaConfig Read(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        string? name = json["model_type"]?.ToString();
        if (name == WithImages) return Read(TextPart(json));
        if (!Names.ContainsValue(name ?? "")) throw new InvalidDataException($"config.json: 'model_type' must be {string.Join(", ", Names.Values)} or {WithImages}; found '{name}'.");
        ConfigReader reader = new(json);
        reader.Default("bos_token_id", 2);
        reader.Default("eos_token_id", 1);
        reader.Default("pad_token_id", 0);
        return Read(reader, Defaults(Names.First(entry => entry.Value == name).Key)).WithSharedKeys(reader);
    }

    public static JsonObject Write(GemmaConfig config, ModelHead head)
    {
        string className = config.Kind switch { GemmaKind.Gemma => "Gemma", GemmaKind.Gemma2 => "Gemma2", _ => "Gemma3" };
        string text = config.Kind == GemmaKind.Gemma3 ? "Text" : "";
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(head switch
            {
                ModelHead.SequenceClassification => $"{className}{text}ForSequenceClassification",
                ModelHead.TokenClassification => $"{className}{text}ForTokenClassification",
                ModelHead.QuestionAnswering => $"{className}{text}ForQuestionAnswering",
                ModelHead.None or ModelHead.Embedding => $"{className}{text}Model",
                _ => $"{className}ForCausalLM",
            }),
            ["model_type"] = config.Family,
            ["vocab_size"] = config.VocabularySize,
            ["max_position_embeddings"] = config.TrainedLength,
            ["hidden_size"] = config.Width,
            ["intermediate_size"] = config.InnerWidth,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadSize,
            ["hidden_activation"] = config.Activation,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["initializer_range"] = config.InitializerRange,
            ["tie_word_embeddings"] = config.TieEmbeddings,
            ["attention_bias"] = config.AttentionBias,
            ["attention_dropout"] = config.AttentionDropout,
        };
        if (config.Kind == GemmaKind.Gemma) json["hidden_act"] = config.Activation;
        else
        {
            // A whole number to the reference, which refuses "256.0".
            double scalar = config.QueryScalar ?? config.HeadSize;
            json["query_pre_attn_scalar"] = double.IsInteger(scalar) && scalar <= int.MaxValue ? JsonValue.Create((int)scalar) : JsonValue.Create(scalar);
            json["final_logit_softcapping"] = config.LogitSoftcap;
            json["sliding_window"] = config.Window;
            LayerTypesJson.Write(json, config.Layers, layer => config.WindowOf(layer) is not null);
        }
        if (config.Kind == GemmaKind.Gemma2) json["attn_logit_softcapping"] = config.AttentionSoftcap;
        if (config.Kind != GemmaKind.Gemma3) RotaryJson.Write(json, config.Rotary);
        else
        {
            RotaryOptions local = config.LocalRotary ?? config.Rotary;
            json["rope_parameters"] = new JsonObject { [LayerTypesJson.Full] = RotaryJson.ToJson(config.Rotary), [LayerTypesJson.Window] = RotaryJson.ToJson(local) };
            json["rope_theta"] = config.Rotary.Theta;
            json["rope_local_base_freq"] = local.Theta;
            json["rope_scaling"] = RotaryJson.ScalingOnly(config.Rotary);
        }
        return json;
    }

    /// <summary>Demands that the generation's keys can say what the configuration says: else a saved model would come back as another.</summary>
    /// <exception cref="ArgumentException">They cannot; the message names the option.</exception>
    public static void RequireSayable(GemmaConfig config)
    {
        GemmaConfig back = Read(new ConfigReader(Write(config, ModelHead.None)), Defaults(config.Kind));
        foreach (((string option, string given), (_, string kept)) in Options(config).Zip(Options(back)))
        {
            Require.Argument(given == kept, $"A {config.Family} model has no {option} {given}; its configuration would say {kept}. Take another kind, or {kept}.", option);
        }
    }

    /// <summary>What missing keys stand for; the sizes are those of the generation's configuration class.</summary>
    private static GemmaConfig Defaults(GemmaKind kind) => kind switch
    {
        GemmaKind.Gemma => new(),
        GemmaKind.Gemma2 => new() { Kind = kind, Width = 2304, InnerWidth = 9216, Layers = 26, Heads = 8, KeyValueHeads = 4, QueryScalar = 256, AttentionSoftcap = 50, LogitSoftcap = 30, Window = 4096 },
        _ => new()
        {
            Kind = kind, VocabularySize = 262208, TrainedLength = 131072, Width = 2304, InnerWidth = 9216, Layers = 26, Heads = 8, KeyValueHeads = 4, QueryScalar = 256, Window = 4096,
            Rotary = new() { Theta = 1_000_000 }, LocalRotary = new(),
        },
    };

    private static GemmaConfig Read(ConfigReader reader, GemmaConfig defaults)
    {
        reader.MustBe("use_bidirectional_attention", "null", "false");
        reader.Ignore("cache_implementation");
        int headSize = reader.Int32("head_dim", defaults.HeadSize);
        GemmaConfig config = defaults with
        {
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            TrainedLength = reader.Int32("max_position_embeddings", defaults.TrainedLength),
            Width = reader.Int32("hidden_size", defaults.Width),
            InnerWidth = reader.Int32("intermediate_size", defaults.InnerWidth),
            Layers = reader.LayerCount("num_hidden_layers", defaults.Layers),
            Heads = reader.Int32("num_attention_heads", defaults.Heads),
            KeyValueHeads = reader.Int32("num_key_value_heads", defaults.KeyValueHeads),
            HeadSize = headSize,
            NormEpsilon = reader.Double("rms_norm_eps", defaults.NormEpsilon),
            InitializerRange = reader.Double("initializer_range", defaults.InitializerRange),
            TieEmbeddings = reader.Boolean("tie_word_embeddings", defaults.TieEmbeddings),
            AttentionBias = reader.Boolean("attention_bias", defaults.AttentionBias),
            AttentionDropout = reader.Double("attention_dropout", defaults.AttentionDropout),
            ClassifierDropout = reader.Double("classifier_dropout", defaults.ClassifierDropout),
        };
        return config.Kind switch
        {
            GemmaKind.Gemma => config with
            {
                Activation = reader.Text("hidden_activation", reader.Text("hidden_act", defaults.Activation)),
                Rotary = RotaryJson.Read(reader, defaults.Rotary, config.TrainedLength),
            },
            GemmaKind.Gemma2 => WithWindow(reader, config, pattern: 2) with
            {
                AttentionSoftcap = reader.DoubleOrNull("attn_logit_softcapping", defaults.AttentionSoftcap),
                Rotary = RotaryJson.Read(reader, defaults.Rotary, config.TrainedLength),
            },
            _ => WithTwoRotaries(reader, WithWindow(reader, config, reader.KeptInt32("sliding_window_pattern") ?? reader.KeptInt32("_sliding_window_pattern") ?? 6), defaults),
        };
    }

    /// <summary>What the later generations add: every pattern-th layer has no window unless <c>layer_types</c> says otherwise.</summary>
    private static GemmaConfig WithWindow(ConfigReader reader, GemmaConfig config, int pattern)
    {
        // The key of the first generation, which these don't look at.
        reader.Ignore("hidden_act");
        if (pattern < 1) throw new InvalidDataException($"config.json: 'sliding_window_pattern' must be at least 1; found {pattern}.");
        int? window = reader.Int32OrNull("sliding_window", config.Window);
        bool[] layers = LayerTypesJson.Read(reader, config.Layers, window, "a 'sliding_window'", layer => (layer + 1) % pattern != 0);
        double scalar = reader.Double("query_pre_attn_scalar", config.QueryScalar ?? config.HeadSize);
        return config with
        {
            Activation = reader.Text("hidden_activation", config.Activation),
            Window = window,
            WindowLayers = window is null ? null : layers,
            QueryScalar = scalar == config.HeadSize ? null : scalar,
            LogitSoftcap = reader.DoubleOrNull("final_logit_softcapping", config.LogitSoftcap),
        };
    }

    /// <summary>The third generation's positions: the newer spelling has an object for each type of layer, the older one scales those without a window.</summary>
    private static GemmaConfig WithTwoRotaries(ConfigReader reader, GemmaConfig config, GemmaConfig defaults)
    {
        // The reference implementation has the key and caps nothing.
        reader.MustBe("attn_logit_softcapping", "null");
        RotaryOptions full = defaults.Rotary with { Theta = reader.Double("rope_theta", defaults.Rotary.Theta) };
        RotaryOptions local = new() { Theta = reader.Double("rope_local_base_freq", defaults.LocalRotary!.Theta) };
        JsonObject? parameters = RotaryJson.Parameters(reader);
        bool isNested = parameters?.ContainsKey(LayerTypesJson.Full) == true || parameters?.ContainsKey(LayerTypesJson.Window) == true;
        full = RotaryJson.Read(isNested ? Nested(LayerTypesJson.Full) : parameters, full, config.TrainedLength, originalLength: null);
        local = RotaryJson.Read(isNested ? Nested(LayerTypesJson.Window) : null, local, config.TrainedLength, originalLength: null);
        return config with { Rotary = full, LocalRotary = local };

        JsonObject? Nested(string type) => parameters![type]?.DeepClone() switch
        {
            null => null,
            JsonObject numbers => numbers,
            JsonNode other => throw new InvalidDataException($"config.json: '{type}' of 'rope_parameters' must be an object; found {ConfigReader.Cut(other.ToJsonString())}."),
        };
    }

    /// <summary>The texts' part of a model that sees images, with the special tokens of the whole.</summary>
    private static JsonObject TextPart(JsonObject json)
    {
        JsonObject text = json["text_config"]?.DeepClone() as JsonObject ?? throw new InvalidDataException($"config.json: a '{WithImages}' needs a 'text_config'; it is missing.");
        text["model_type"] = NameOf(GemmaKind.Gemma3);
        foreach (string key in (string[])["bos_token_id", "eos_token_id", "pad_token_id", "tie_word_embeddings", "quantization_config", "id2label", "label2id", "problem_type"])
        {
            if (json[key] is JsonNode value) text[key] = value.DeepClone();
        }
        return text;
    }

    /// <summary>What a generation may not be able to say.</summary>
    private static IEnumerable<(string Option, string Value)> Options(GemmaConfig config) =>
    [
        (nameof(config.QueryScalar), Text(config.QueryScalar ?? config.HeadSize)),
        (nameof(config.AttentionSoftcap), Text(config.AttentionSoftcap)),
        (nameof(config.LogitSoftcap), Text(config.LogitSoftcap)),
        (nameof(config.Window), string.Join(", ", Enumerable.Range(0, config.Layers).Select(layer => Text(config.WindowOf(layer))))),
        (nameof(config.Rotary), RotaryJson.ToJson(config.Rotary, writesFraction: true).ToJsonString()),
        (nameof(config.LocalRotary), RotaryJson.ToJson(config.LocalRotary ?? config.Rotary, writesFraction: true).ToJsonString()),
    ];

    private static string Text(double? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none";
}
