using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>How the published families that are one mathematics spell it in <c>config.json</c>: the keys that all of them share, and for each family its own.</summary>
internal abstract class LlamaJson
{
    private static readonly IReadOnlyDictionary<LlamaKind, LlamaJson> ByKind = new LlamaJson[]
    {
        new LlamaSpelling(), new MistralSpelling(), new Qwen2Spelling(), new Qwen3Spelling(), new SmolLm3Spelling(), new Phi3Spelling(), new Olmo2Spelling(),
    }.ToDictionary(spelling => spelling.Defaults.Kind);

    /// <summary>The family's name (<c>model_type</c>).</summary>
    public abstract string Name { get; }

    /// <summary>What the names of Hugging Face's classes begin with.</summary>
    protected abstract string ClassName { get; }

    /// <summary>What missing keys stand for; its sizes are those of the family's configuration class.</summary>
    protected abstract LlamaConfig Defaults { get; }

    /// <summary>Whether the family always writes the size of its heads.</summary>
    protected virtual bool WritesHeadSize => false;

    public static LlamaJson Of(LlamaKind kind) => ByKind.TryGetValue(kind, out LlamaJson? spelling) ? spelling : throw new ArgumentException($"{kind} is no kind of Llama.", nameof(kind));

    public static LlamaConfig Read(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        string? name = json["model_type"]?.ToString();
        LlamaJson spelling = ByKind.Values.FirstOrDefault(known => known.Name == name)
            ?? throw new InvalidDataException($"config.json: 'model_type' must be {string.Join(", ", ByKind.Values.Select(known => known.Name))}; found '{name}'.");
        ConfigReader reader = new(json);
        if (spelling.Defaults.BeginOfText is int begin) reader.Default("bos_token_id", begin);
        if (spelling.Defaults.EndOfText is [int end]) reader.Default("eos_token_id", end);
        if (spelling.Defaults.Padding is int padding) reader.Default("pad_token_id", padding);
        return spelling.ReadOwn(reader, spelling.ReadShared(reader)).WithSharedKeys(reader);
    }

    public JsonObject Write(LlamaConfig config, ModelHead head)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(ClassName + head switch
            {
                ModelHead.SequenceClassification => "ForSequenceClassification",
                ModelHead.TokenClassification => "ForTokenClassification",
                ModelHead.QuestionAnswering => "ForQuestionAnswering",
                ModelHead.None or ModelHead.Embedding => "Model",
                _ => "ForCausalLM",
            }),
            ["model_type"] = Name,
            ["vocab_size"] = config.VocabularySize,
            ["max_position_embeddings"] = config.TrainedLength,
            ["hidden_size"] = config.Width,
            ["intermediate_size"] = config.InnerWidth,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["hidden_act"] = config.Activation,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["initializer_range"] = config.InitializerRange,
            ["tie_word_embeddings"] = config.TieEmbeddings,
            ["attention_dropout"] = config.AttentionDropout,
        };
        if (WritesHeadSize || config.HeadSize * config.Heads != config.Width) json["head_dim"] = config.HeadSize;
        RotaryJson.Write(json, config.Rotary, writesFraction: config.Kind == LlamaKind.Phi3);
        WriteOwn(json, config);
        return json;
    }

    /// <summary>Demands that the family's keys can say what the configuration says: else a saved model would come back as another.</summary>
    /// <exception cref="ArgumentException">They cannot; the message names the option.</exception>
    public void RequireSayable(LlamaConfig config)
    {
        JsonObject json = Write(config, ModelHead.None);
        ConfigReader reader = new(json);
        LlamaConfig back = ReadOwn(reader, ReadShared(reader));
        foreach (((string option, string given), (_, string kept)) in Options(config).Zip(Options(back)))
        {
            Require.Argument(given == kept, $"A {Name} model has no {option} {given}; its configuration would say {kept}. Take another kind, or {kept}.", option);
        }
    }

    /// <summary>The family's own keys.</summary>
    protected abstract LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared);

    /// <summary>The family's own keys.</summary>
    protected abstract void WriteOwn(JsonObject json, LlamaConfig config);

    /// <summary>What the family puts in place of a missing <c>original_max_position_embeddings</c>; null: nothing.</summary>
    protected virtual int? OriginalLength => null;

    /// <summary>The window of a family that has it on some layers: <c>layer_types</c> says on which, else a rule of the family.</summary>
    protected static LlamaConfig WithWindow(ConfigReader reader, LlamaConfig config, Func<int, bool> isWindow)
    {
        int? size = reader.OptionalInt32("sliding_window");
        int? window = reader.Boolean("use_sliding_window", false) ? size : null;
        bool[] layers = LayerTypesJson.Read(reader, config.Layers, window, "'use_sliding_window' and 'sliding_window'", isWindow);
        return config with { Window = window, WindowLayers = window is null ? null : layers };
    }

    /// <summary>The keys of <see cref="WithWindow"/>.</summary>
    protected static void WriteWindow(JsonObject json, LlamaConfig config)
    {
        json["use_sliding_window"] = config.Window is not null;
        json["sliding_window"] = config.Window;
        LayerTypesJson.Write(json, config.Layers, layer => config.WindowOf(layer) is not null);
    }

    private LlamaConfig ReadShared(ConfigReader reader)
    {
        LlamaConfig defaults = Defaults;
        int heads = reader.Int32("num_attention_heads", defaults.Heads);
        int trainedLength = reader.Int32("max_position_embeddings", defaults.TrainedLength);
        LlamaConfig config = defaults with
        {
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            TrainedLength = trainedLength,
            Width = reader.Int32("hidden_size", defaults.Width),
            InnerWidth = reader.Int32("intermediate_size", defaults.InnerWidth),
            Layers = reader.LayerCount("num_hidden_layers", defaults.Layers),
            Heads = heads,
            KeyValueHeads = reader.Int32OrNull("num_key_value_heads", defaults.KeyValueHeads == defaults.Heads ? null : defaults.KeyValueHeads) ?? heads,
            Activation = reader.Text("hidden_act", defaults.Activation),
            NormEpsilon = reader.Double("rms_norm_eps", defaults.NormEpsilon),
            InitializerRange = reader.Double("initializer_range", defaults.InitializerRange),
            TieEmbeddings = reader.Boolean("tie_word_embeddings", defaults.TieEmbeddings),
            AttentionDropout = reader.Double("attention_dropout", defaults.AttentionDropout),
            ClassifierDropout = reader.Double("classifier_dropout", defaults.ClassifierDropout),
            Rotary = RotaryJson.Read(reader, defaults.Rotary, trainedLength, OriginalLength),
        };
        return reader.OptionalInt32("head_dim") is int size ? config with { HeadSize = size } : config;
    }

    /// <summary>What a family may not be able to say.</summary>
    private static IEnumerable<(string Option, string Value)> Options(LlamaConfig config) =>
    [
        (nameof(config.AttentionBias), $"{config.AttentionBias}"),
        (nameof(config.FeedForwardBias), $"{config.FeedForwardBias}"),
        (nameof(config.ResidualDropout), $"{config.ResidualDropout}"),
        (nameof(config.Window), string.Join(", ", Enumerable.Range(0, config.Layers).Select(layer => config.WindowOf(layer)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"))),
        (nameof(config.RotaryLayers), string.Join(", ", Enumerable.Range(0, config.Layers).Select(config.IsRotary))),
        (nameof(config.HeadSize), $"{config.HeadSize}"),
        (nameof(config.KeyValueHeads), $"{config.KeyValueHeads}"),
        (nameof(config.Rotary), RotaryJson.ToJson(config.Rotary, writesFraction: true).ToJsonString()),
    ];
}
