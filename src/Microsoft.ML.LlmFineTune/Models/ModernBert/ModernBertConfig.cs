using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.ModernBert;

/// <summary>The numbers that fix a ModernBERT model's shape. Defaults are those of the published base model.</summary>
public sealed record ModernBertConfig : ModelConfig
{
    private const int DefaultPadding = 50283;
    private const int DefaultBeginOfText = 50281;
    private const int DefaultEndOfText = 50282;

    /// <summary>The defaults of the published base model.</summary>
    public ModernBertConfig() => ClassifierDropout = 0;

    /// <inheritdoc/>
    public override string Family => "modernbert";

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 50,368; at least 1.</summary>
    public override int VocabularySize { get; init; } = 50368;

    /// <summary>How many positions the model knows (<c>max_position_embeddings</c>); default 8,192; at least 1.</summary>
    public override int MaximumLength { get; init; } = 8192;

    /// <summary>Size of the hidden states (<c>hidden_size</c>); default 768; a multiple of twice <see cref="Heads"/>.</summary>
    public override int Width { get; init; } = 768;

    /// <summary>How many layers (<c>num_hidden_layers</c>); default 22; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 22;

    /// <summary>How many attention heads a layer (<c>num_attention_heads</c>); default 12; at least 1.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Size between the matrices of the feed-forward part (<c>intermediate_size</c>); default 1,152; at least 1.</summary>
    public int InnerWidth { get; init; } = 1152;

    /// <summary>Activation of the feed-forward part's gate (<c>hidden_activation</c>), a name that <see cref="Activation"/> knows; default "gelu".</summary>
    public string HiddenActivation { get; init; } = "gelu";

    /// <summary>Every so many layers, beginning with the first, one attends to the whole text (<c>global_attn_every_n_layers</c>); default 3; at least 1. Looked at where <see cref="GlobalLayers"/> is null.</summary>
    public int GlobalEvery { get; init; } = 3;

    /// <summary>For each layer whether it attends to the whole text (<c>layer_types</c>); default null: as <see cref="GlobalEvery"/> says; else one entry a layer.</summary>
    public IReadOnlyList<bool>? GlobalLayers { get; init; }

    /// <summary>The window of the other layers (<c>local_attention</c>): a token sees those up to half of it away, to either side; default 128; at least 0.</summary>
    public int LocalWindow { get; init; } = 128;

    /// <summary>Base of the rotary frequencies of layers that attend to the whole text (<c>rope_parameters</c>, formerly <c>global_rope_theta</c>); default 160,000; greater than 0.</summary>
    public double GlobalTheta { get; init; } = 160000;

    /// <summary>Base of the rotary frequencies of the other layers (<c>rope_parameters</c>, formerly <c>local_rope_theta</c>); default 10,000; greater than 0.</summary>
    public double LocalTheta { get; init; } = 10000;

    /// <summary>Added to the variance in layer norms (<c>norm_eps</c>); default 1e-5; greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Whether norms have biases (<c>norm_bias</c>); default false.</summary>
    public bool HasNormBias { get; init; }

    /// <summary>Whether attention's projections have biases (<c>attention_bias</c>); default false.</summary>
    public bool HasAttentionBias { get; init; }

    /// <summary>Whether the feed-forward part's matrices have biases (<c>mlp_bias</c>); default false.</summary>
    public bool HasFeedForwardBias { get; init; }

    /// <summary>Whether the linear layer that all heads begin with has a bias (<c>classifier_bias</c>); default false.</summary>
    public bool HasHeadBias { get; init; }

    /// <summary>Whether the scores of tokens have a bias (<c>decoder_bias</c>); default true.</summary>
    public bool HasDecoderBias { get; init; } = true;

    /// <summary>Activation of the heads (<c>classifier_activation</c>), a name that <see cref="Activation"/> knows; default "gelu".</summary>
    public string HeadActivation { get; init; } = "gelu";

    /// <summary>
    /// What text classifiers and choices look at (<c>classifier_pooling</c>): the first token or the mean; default the first token. <see cref="ModelConfig.Pooling"/>, where it is not null, asks for a plain head instead.
    /// </summary>
    public Pooling ClassifierPooling { get; init; } = Microsoft.ML.LlmFineTune.Layers.Pooling.FirstToken;

    /// <summary>Dropout on the normalised embeddings (<c>embedding_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double EmbeddingDropout { get; init; }

    /// <summary>Dropout on attention weights and on what attention adds to the stream (<c>attention_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Dropout inside the feed-forward part (<c>mlp_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double FeedForwardDropout { get; init; }

    /// <summary>Standard deviation of the initial weights before they are cut off (<c>initializer_range</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>At how many standard deviations the initial weights are cut off (<c>initializer_cutoff_factor</c>); default 2; greater than 0.</summary>
    public double InitializerCutoff { get; init; } = 2;

    /// <summary>Whether the scores of tokens use the token embedding (<c>tie_word_embeddings</c>); default true.</summary>
    public bool TieEmbeddings { get; init; } = true;

    internal override double HeadDeviation => InitializerRange;

    /// <summary>Initial deviation of what ends in the residual stream.</summary>
    internal double OutputDeviation => InitializerRange / Math.Sqrt(2.0 * Layers);

    internal override long StoredLayers => Layers;

    internal override double MatrixNumbers => (double)Width * (VocabularySize + (Layers * ((4.0 * Width) + (3.0 * InnerWidth))));

    /// <summary>Whether a layer attends to the whole text.</summary>
    /// <param name="layer">Its number, from 0.</param>
    public bool IsGlobal(int layer) => GlobalLayers?[layer] ?? layer % GlobalEvery == 0;

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => ModernBertActivations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(MaximumLength, 1);
        Require.AtLeast(Width, 1);
        Require.Within(Layers, 1, ConfigReader.MostLayers);
        Require.AtLeast(Heads, 1);
        Require.Argument(Width % (2L * Heads) == 0, $"Width must be a multiple of twice Heads, since rotary embeddings turn pairs of numbers; received {Width} and {Heads}.", nameof(Width));
        Require.AtLeast(InnerWidth, 1);
        _ = Activation.ByName(HiddenActivation);
        _ = Activation.ByName(HeadActivation);
        if (Padding is int padding) Require.Below(padding, 0, VocabularySize, nameof(Padding));
        Require.AtLeast(GlobalEvery, 1);
        Require.Argument(GlobalLayers is null || GlobalLayers.Count == Layers, $"GlobalLayers must have one entry for each of the {Layers} layers; received {GlobalLayers?.Count}.", nameof(GlobalLayers));
        Require.NotNegative(LocalWindow);
        Require.Positive(GlobalTheta);
        Require.Positive(LocalTheta);
        Require.Positive(NormEpsilon);
        Require.Argument(ClassifierPooling is Microsoft.ML.LlmFineTune.Layers.Pooling.FirstToken or Microsoft.ML.LlmFineTune.Layers.Pooling.Mean, $"ClassifierPooling must be the first token or the mean; received {ClassifierPooling}.", nameof(ClassifierPooling));
        Require.Below(EmbeddingDropout, 0.0, 1.0);
        Require.Below(AttentionDropout, 0.0, 1.0);
        Require.Below(FeedForwardDropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Require.NotNegative(InitializerRange);
        Require.Positive(InitializerCutoff);
    }

    /// <inheritdoc/>
    public override ModernBertModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.SequenceClassification or ModelHead.MultipleChoice => new ModernBertSequenceHead(this, backbone, outputs),
        _ => throw NoHead(task),
    };

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.MaskedToken => new ModernBertMaskedTokenHead(this, (ModernBertModel)Require.NotNull(backbone)),
        ModelHead.TokenClassification or ModelHead.QuestionAnswering => new ModernBertTokenHead(this, backbone, outputs),
        _ => throw NoHead(task),
    };

    /// <summary>Reads the content of a <c>config.json</c>, in today's spelling or in the older one; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static ModernBertConfig FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        ModernBertConfig defaults = new();
        // Published files leave out nothing of this, but the classes that read them have these defaults.
        (bool hasPadding, bool hasBegin, bool hasEnd) = (json.ContainsKey("pad_token_id"), json.ContainsKey("bos_token_id"), json.ContainsKey("eos_token_id"));
        int layers = reader.LayerCount("num_hidden_layers", defaults.Layers);
        (double globalTheta, double localTheta) = Thetas(reader, defaults);
        ModernBertConfig config = new()
        {
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            MaximumLength = reader.Int32("max_position_embeddings", defaults.MaximumLength),
            Width = reader.Int32("hidden_size", defaults.Width),
            Layers = layers,
            Heads = reader.Int32("num_attention_heads", defaults.Heads),
            InnerWidth = reader.Int32("intermediate_size", defaults.InnerWidth),
            HiddenActivation = reader.Text("hidden_activation", defaults.HiddenActivation),
            GlobalEvery = reader.Int32("global_attn_every_n_layers", defaults.GlobalEvery),
            GlobalLayers = LayerTypesJson.Read(reader, layers)?.Select(isLocal => !isLocal).ToArray(),
            LocalWindow = reader.Int32("local_attention", defaults.LocalWindow),
            GlobalTheta = globalTheta,
            LocalTheta = localTheta,
            NormEpsilon = reader.Double("norm_eps", defaults.NormEpsilon),
            HasNormBias = reader.Boolean("norm_bias", defaults.HasNormBias),
            HasAttentionBias = reader.Boolean("attention_bias", defaults.HasAttentionBias),
            HasFeedForwardBias = reader.Boolean("mlp_bias", defaults.HasFeedForwardBias),
            HasHeadBias = reader.Boolean("classifier_bias", defaults.HasHeadBias),
            HasDecoderBias = reader.Boolean("decoder_bias", defaults.HasDecoderBias),
            HeadActivation = reader.Text("classifier_activation", defaults.HeadActivation),
            ClassifierPooling = reader.Text("classifier_pooling", "cls") switch
            {
                "cls" => Microsoft.ML.LlmFineTune.Layers.Pooling.FirstToken,
                "mean" => Microsoft.ML.LlmFineTune.Layers.Pooling.Mean,
                string other => throw new InvalidDataException($"config.json: 'classifier_pooling' must be cls or mean; found '{ConfigReader.Cut(other)}'."),
            },
            EmbeddingDropout = reader.Double("embedding_dropout", defaults.EmbeddingDropout),
            AttentionDropout = reader.Double("attention_dropout", defaults.AttentionDropout),
            FeedForwardDropout = reader.Double("mlp_dropout", defaults.FeedForwardDropout),
            ClassifierDropout = reader.Double("classifier_dropout", defaults.ClassifierDropout),
            InitializerRange = reader.Double("initializer_range", defaults.InitializerRange),
            InitializerCutoff = Cutoff(reader, json, defaults),
            TieEmbeddings = reader.Boolean("tie_word_embeddings", defaults.TieEmbeddings),
        };
        // How the reference runs the model, and what its base classes left behind in the published files.
        reader.Ignore("cls_token_id", "deterministic_flash_attn", "reference_compile", "repad_logits_with_grad", "sparse_prediction", "sparse_pred_ignore_index", "layer_norm_eps", "position_embedding_type");
        reader.MustBe("is_decoder", "null", "false");
        config = (ModernBertConfig)config.WithCommonKeys(reader);
        return config with
        {
            Padding = hasPadding ? config.Padding : DefaultPadding,
            BeginOfText = hasBegin ? config.BeginOfText : DefaultBeginOfText,
            EndOfText = hasEnd ? config.EndOfText : [DefaultEndOfText],
        };
    }

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(head switch
            {
                ModelHead.MaskedToken => "ModernBertForMaskedLM",
                ModelHead.SequenceClassification => "ModernBertForSequenceClassification",
                ModelHead.TokenClassification => "ModernBertForTokenClassification",
                ModelHead.QuestionAnswering => "ModernBertForQuestionAnswering",
                ModelHead.MultipleChoice => "ModernBertForMultipleChoice",
                _ => "ModernBertModel",
            }),
            ["model_type"] = Family,
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = MaximumLength,
            ["hidden_size"] = Width,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["intermediate_size"] = InnerWidth,
            ["hidden_activation"] = HiddenActivation,
            ["local_attention"] = LocalWindow,
            ["rope_parameters"] = new JsonObject { [LayerTypesJson.Full] = Rotary(GlobalTheta), [LayerTypesJson.Window] = Rotary(LocalTheta) },
            // Readers that are older than the two keys above know these.
            ["global_rope_theta"] = GlobalTheta,
            ["local_rope_theta"] = LocalTheta,
            ["norm_eps"] = NormEpsilon,
            ["norm_bias"] = HasNormBias,
            ["attention_bias"] = HasAttentionBias,
            ["mlp_bias"] = HasFeedForwardBias,
            ["classifier_bias"] = HasHeadBias,
            ["decoder_bias"] = HasDecoderBias,
            ["classifier_activation"] = HeadActivation,
            ["classifier_pooling"] = ClassifierPooling == Microsoft.ML.LlmFineTune.Layers.Pooling.Mean ? "mean" : "cls",
            ["embedding_dropout"] = EmbeddingDropout,
            ["attention_dropout"] = AttentionDropout,
            ["mlp_dropout"] = FeedForwardDropout,
            ["classifier_dropout"] = ClassifierDropout,
            ["initializer_range"] = InitializerRange,
            ["initializer_cutoff_factor"] = InitializerCutoff,
            ["tie_word_embeddings"] = TieEmbeddings,
        };
        LayerTypesJson.Write(json, Layers, layer => !IsGlobal(layer));
        if (PeriodOfGlobalLayers() is int every) json["global_attn_every_n_layers"] = every;
        WriteCommonKeys(json, head);
        return json;

        static JsonObject Rotary(double theta) => new() { ["rope_theta"] = theta, ["rope_type"] = "default" };
    }

    /// <summary>What <c>global_attn_every_n_layers</c> says the same with; null: nothing.</summary>
    private int? PeriodOfGlobalLayers()
    {
        for (int every = 1; every <= Layers; every++)
        {
            if (Enumerable.Range(0, Layers).All(layer => IsGlobal(layer) == (layer % every == 0))) return every;
        }
        return null;
    }

    /// <summary>A cutoff of null is the initialiser's 3.</summary>
    private static double Cutoff(ConfigReader reader, JsonObject json, ModernBertConfig defaults)
    {
        const string Key = "initializer_cutoff_factor";
        const double WhereNull = 3;
        return reader.Double(Key, json.ContainsKey(Key) ? WhereNull : defaults.InitializerCutoff);
    }

    private static (double Global, double Local) Thetas(ConfigReader reader, ModernBertConfig defaults)
    {
        const string LocalKey = "local_rope_theta";
        reader.MustBe("rope_scaling", "null");
        bool localIsNull = reader.Rest.TryGetValue(LocalKey, out JsonElement value) && value.ValueKind == JsonValueKind.Null;
        double global = reader.Double("global_rope_theta", defaults.GlobalTheta);
        // The first version of the reference: null is the theta of the other layers.
        double local = reader.Double(LocalKey, localIsNull ? global : defaults.LocalTheta);
        JsonObject? parameters = reader.Object("rope_parameters");
        return (Theta(parameters, LayerTypesJson.Full) ?? global, Theta(parameters, LayerTypesJson.Window) ?? local);
    }

    private static double? Theta(JsonObject? parameters, string type)
    {
        if (parameters?[type] is not JsonObject rotary) return null;
        foreach ((string key, JsonNode? value) in rotary)
        {
            bool isKnown = key == "rope_theta" || (key is "rope_type" or "type" && value?.ToString() == "default");
            if (!isKnown) throw new InvalidDataException($"config.json: rope_parameters of {type} are supported with rope_theta and the rope_type default only; found '{ConfigReader.Cut(key)}': {ConfigReader.Cut(value?.ToJsonString() ?? "null")}.");
        }
        return rotary["rope_theta"] is not JsonNode theta ? null : theta is JsonValue number && number.TryGetValue(out double read) ? read
            : throw new InvalidDataException($"config.json: 'rope_theta' of {type} must be a number; found {ConfigReader.Cut(theta.ToJsonString())}.");
    }
}
