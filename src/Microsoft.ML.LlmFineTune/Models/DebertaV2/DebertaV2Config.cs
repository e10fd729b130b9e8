using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.DebertaV2;

/// <summary>The numbers that fix the shape of a DeBERTa of version 2 or 3. Defaults are those of the reference's configuration class.</summary>
public sealed record DebertaV2Config : ModelConfig
{
    private const string LayerNormName = "layer_norm";
    private const string ContentToPositionName = "c2p";
    private const string PositionToContentName = "p2c";

    /// <inheritdoc/>
    public override string Family => "deberta-v2";

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 128,100; at least 1.</summary>
    public override int VocabularySize { get; init; } = 128100;

    /// <summary>How many positions the model was made for (<c>max_position_embeddings</c>); default 512; at least 1. Only where <see cref="AddsPositions"/> is true, longer texts are refused: relative positions have no end.</summary>
    public override int MaximumLength { get; init; } = 512;

    /// <summary>Size of the hidden states (<c>hidden_size</c>); default 1,536; a multiple of <see cref="Heads"/>.</summary>
    public override int Width { get; init; } = 1536;

    /// <summary>Size of the embeddings before they are projected (<c>embedding_size</c>); default null: <see cref="Width"/>, and there is no projection.</summary>
    public int? EmbeddingWidth { get; init; }

    /// <summary>How many layers (<c>num_hidden_layers</c>); default 24; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 24;

    /// <summary>How many attention heads a layer (<c>num_attention_heads</c>); default 24; at least 1.</summary>
    public int Heads { get; init; } = 24;

    /// <summary>Size between the two matrices of the feed-forward part (<c>intermediate_size</c>); default 6,144; at least 1.</summary>
    public int InnerWidth { get; init; } = 6144;

    /// <summary>Activation of the feed-forward part and of the heads for tokens (<c>hidden_act</c>), a name that <see cref="Layers.Activation"/> knows; default "gelu".</summary>
    public string Activation { get; init; } = "gelu";

    /// <summary>How many segments a text may have (<c>type_vocab_size</c>); default 0: they are not told apart.</summary>
    public int Segments { get; init; }

    /// <summary>Whether learned positions are added to the embeddings (<c>position_biased_input</c>); default true.</summary>
    public bool AddsPositions { get; init; } = true;

    /// <summary>Whether attention looks at relative positions (<c>relative_attention</c>); default false.</summary>
    public bool HasRelativeAttention { get; init; }

    /// <summary>What contents and relative positions say to each other (<c>pos_att_type</c>), in any order; default nothing.</summary>
    public IReadOnlyList<PositionScore> PositionScores { get; init; } = [];

    /// <summary>Whether relative positions are projected by the matrices of queries and keys (<c>share_att_key</c>); default false: they have matrices of their own.</summary>
    public bool SharesProjections { get; init; }

    /// <summary>From which distance on all distances are one (<c>max_relative_positions</c>); default -1: <see cref="MaximumLength"/>, as for everything below 1.</summary>
    public int MaximumDistance { get; init; } = -1;

    /// <summary>How many kinds of distance there are to either side (<c>position_buckets</c>): short ones stay exact, longer ones share a kind the more, the longer they are; default -1: all are exact, as for everything below 1. Not 1.</summary>
    public int DistanceBuckets { get; init; } = -1;

    /// <summary>Whether the table of relative positions is normalised (<c>norm_rel_ebd</c> has <c>layer_norm</c>); default false.</summary>
    public bool NormalizesPositions { get; init; }

    /// <summary>Tokens that the convolution beside the first layer sees at once (<c>conv_kernel_size</c>); default 0: there is none; else odd.</summary>
    public int ConvolutionSize { get; init; }

    /// <summary>In how many groups the convolution works (<c>conv_groups</c>); default 1; a divisor of <see cref="Width"/>.</summary>
    public int ConvolutionGroups { get; init; } = 1;

    /// <summary>Activation of the convolution (<c>conv_act</c>), a name that <see cref="Layers.Activation"/> knows; default "tanh".</summary>
    public string ConvolutionActivation { get; init; } = "tanh";

    /// <summary>Activation of the pooler (<c>pooler_hidden_act</c>), a name that <see cref="Layers.Activation"/> knows; default "gelu".</summary>
    public string PoolerActivation { get; init; } = "gelu";

    /// <summary>Dropout on the embeddings, on relative positions, on what each part adds to the stream, and before a token classifier's head (<c>hidden_dropout_prob</c>); default 0.1; from 0 to less than 1.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout on attention weights (<c>attention_probs_dropout_prob</c>); default 0.1; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout on what the pooler reads (<c>pooler_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double PoolerDropout { get; init; }

    /// <summary>Dropout on what the pooler gives (<c>cls_dropout</c>); default null: <see cref="HiddenDropout"/>; from 0 to less than 1.</summary>
    public double? PooledDropout { get; init; }

    /// <summary>Added to the variance in layer norms (<c>layer_norm_eps</c>); default 1e-7; greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-7;

    /// <summary>Standard deviation of the initial weights (<c>initializer_range</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>
    /// Whether the head of masked language models is Hugging Face's first one (<c>legacy</c>, tensors <c>cls.predictions</c>); default true. The published checkpoints have the other one (<c>lm_predictions</c>), whatever their configuration says: where a folder has it alone, this becomes false.
    /// </summary>
    public bool HasLegacyHead { get; init; } = true;

    /// <summary>Whether the scores of tokens use the token embedding (<c>tie_word_embeddings</c>); default true. The head that is not the legacy one always does.</summary>
    public bool TieEmbeddings { get; init; } = true;

    internal override double HeadDeviation => InitializerRange;

    internal override long StoredLayers => Layers;

    internal override double MatrixNumbers =>
        ((VocabularySize + (AddsPositions ? 1.0 * MaximumLength : 0) + Segments) * (EmbeddingWidth ?? Width)) + (HasRelativeAttention ? 2.0 * DistanceSpan * Width : 0) + (Layers * (double)Width * ((4.0 * Width) + (2.0 * InnerWidth)))
        + ((double)Width / ConvolutionGroups * Width * ConvolutionSize);

    /// <summary>Whether queries look at the relative positions of keys.</summary>
    internal bool ContentToPosition => PositionScores.Contains(PositionScore.ContentToPosition);

    /// <summary>Whether keys look at the relative positions of queries.</summary>
    internal bool PositionToContent => PositionScores.Contains(PositionScore.PositionToContent);

    /// <summary>Whether relative positions change anything.</summary>
    internal bool UsesDistances => HasRelativeAttention && PositionScores.Count > 0;

    /// <summary>From which distance on all distances are one.</summary>
    internal int LargestDistance => MaximumDistance < 1 ? MaximumLength : MaximumDistance;

    /// <summary>Kinds of distance to either side: half the rows of the table of relative positions.</summary>
    internal int DistanceSpan => DistanceBuckets > 0 ? DistanceBuckets : LargestDistance;

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => DebertaV2Activations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(MaximumLength, 1);
        Require.AtLeast(Width, 1);
        if (EmbeddingWidth is int embedding) Require.AtLeast(embedding, 1, nameof(EmbeddingWidth));
        Require.Within(Layers, 1, ConfigReader.MostLayers);
        Require.AtLeast(Heads, 1);
        Require.Argument(Width % Heads == 0, $"Width must be a multiple of Heads; received {Width} and {Heads}.", nameof(Width));
        Require.AtLeast(InnerWidth, 1);
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(Activation);
        if (Padding is int padding) Require.Below(padding, 0, VocabularySize, nameof(Padding));
        Require.NotNegative(Segments);
        Require.NotNull(PositionScores);
        Require.Argument(DistanceBuckets != 1, "DistanceBuckets must be at least 2, or -1 for none; received 1.", nameof(DistanceBuckets));
        Require.NotNegative(ConvolutionSize);
        Require.Argument(ConvolutionSize == 0 || ConvolutionSize % 2 == 1, $"ConvolutionSize must be odd, so that the text keeps its length; received {ConvolutionSize}.", nameof(ConvolutionSize));
        Require.AtLeast(ConvolutionGroups, 1);
        Require.Argument(Width % ConvolutionGroups == 0, $"Width must be a multiple of ConvolutionGroups; received {Width} and {ConvolutionGroups}.", nameof(ConvolutionGroups));
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(ConvolutionActivation);
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(PoolerActivation);
        Require.Below(HiddenDropout, 0.0, 1.0);
        Require.Below(AttentionDropout, 0.0, 1.0);
        Require.Below(PoolerDropout, 0.0, 1.0);
        if (PooledDropout is double pooled) Require.Below(pooled, 0.0, 1.0, nameof(PooledDropout));
        Require.Positive(NormEpsilon);
        Require.NotNegative(InitializerRange);
    }

    /// <inheritdoc/>
    public override DebertaV2Model CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.SequenceClassification or ModelHead.MultipleChoice => new DebertaV2SequenceHead(this, backbone, outputs),
        _ => throw NoHead(task),
    };

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.MaskedToken => new DebertaV2MaskedTokenHead(this, (DebertaV2Model)Require.NotNull(backbone)),
        ModelHead.ReplacedToken => new DebertaV2ReplacedTokenHead(this, backbone),
        ModelHead.TokenClassification => new LinearTokenHead(backbone, outputs, "classifier", HiddenDropout, InitializerRange),
        ModelHead.QuestionAnswering => new LinearTokenHead(backbone, outputs, "qa_outputs", standardDeviation: InitializerRange),
        _ => throw NoHead(task),
    };

    /// <summary>Configurations do not tell which head of masked language models lies beside them: <c>legacy</c> is younger than the published checkpoints, and true where it is missing.</summary>
    internal override ModelConfig For(IReadOnlySet<string> tensors) =>
        HasLegacyHead && tensors.Contains($"{DebertaV2MaskedTokenHead.PretrainedName}.dense.weight") && !tensors.Contains($"{DebertaV2MaskedTokenHead.LegacyName}.dense.weight") && (EmbeddingWidth ?? Width) == Width
            ? this with { HasLegacyHead = false }
            : this;

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static DebertaV2Config FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        DebertaV2Config defaults = new();
        bool hasPadding = json.ContainsKey("pad_token_id");
        DebertaV2Config config = new()
        {
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            MaximumLength = reader.Int32("max_position_embeddings", defaults.MaximumLength),
            Width = reader.Int32("hidden_size", defaults.Width),
            EmbeddingWidth = reader.OptionalInt32("embedding_size"),
            Layers = reader.LayerCount("num_hidden_layers", defaults.Layers),
            Heads = reader.Int32("num_attention_heads", defaults.Heads),
            InnerWidth = reader.Int32("intermediate_size", defaults.InnerWidth),
            Activation = reader.Text("hidden_act", defaults.Activation),
            Segments = reader.Int32("type_vocab_size", defaults.Segments),
            AddsPositions = reader.Boolean("position_biased_input", defaults.AddsPositions),
            HasRelativeAttention = reader.Boolean("relative_attention", defaults.HasRelativeAttention),
            PositionScores = PositionScoresOf(reader),
            SharesProjections = reader.Boolean("share_att_key", defaults.SharesProjections),
            MaximumDistance = reader.Int32("max_relative_positions", defaults.MaximumDistance),
            DistanceBuckets = reader.Int32("position_buckets", defaults.DistanceBuckets),
            NormalizesPositions = NormalizesPositionsOf(reader),
            ConvolutionSize = reader.Int32("conv_kernel_size", defaults.ConvolutionSize),
            ConvolutionGroups = reader.Int32("conv_groups", defaults.ConvolutionGroups),
            ConvolutionActivation = reader.Text("conv_act", defaults.ConvolutionActivation),
            PoolerActivation = reader.Text("pooler_hidden_act", defaults.PoolerActivation),
            HiddenDropout = reader.Double("hidden_dropout_prob", defaults.HiddenDropout),
            AttentionDropout = reader.Double("attention_probs_dropout_prob", defaults.AttentionDropout),
            PoolerDropout = reader.Double("pooler_dropout", defaults.PoolerDropout),
            PooledDropout = reader.OptionalDouble("cls_dropout"),
            NormEpsilon = reader.Double("layer_norm_eps", defaults.NormEpsilon),
            InitializerRange = reader.Double("initializer_range", defaults.InitializerRange),
            HasLegacyHead = reader.Boolean("legacy", defaults.HasLegacyHead),
            TieEmbeddings = reader.Boolean("tie_word_embeddings", defaults.TieEmbeddings),
        };
        // What follows an attention head or the pooler has the hidden states' size, whatever these say.
        reader.MustBe("attention_head_size", "null", (config.Width / Math.Max(config.Heads, 1)).ToString(CultureInfo.InvariantCulture));
        reader.MustBe("pooler_hidden_size", "null", config.Width.ToString(CultureInfo.InvariantCulture));
        reader.MustBe("is_decoder", "null", "false");
        // Of the enhanced mask decoder, which only pretraining by the first authors' code had, and which the reference leaves out.
        reader.Ignore("z_steps", "padding_idx");
        config = (DebertaV2Config)config.WithCommonKeys(reader);
        // The published files leave it out.
        return hasPadding ? config : config with { Padding = 0 };
    }

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(head switch
            {
                ModelHead.MaskedToken => "DebertaV2ForMaskedLM",
                ModelHead.SequenceClassification => "DebertaV2ForSequenceClassification",
                ModelHead.TokenClassification => "DebertaV2ForTokenClassification",
                ModelHead.QuestionAnswering => "DebertaV2ForQuestionAnswering",
                ModelHead.MultipleChoice => "DebertaV2ForMultipleChoice",
                _ => "DebertaV2Model",
            }),
            ["model_type"] = Family,
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = MaximumLength,
            ["hidden_size"] = Width,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["intermediate_size"] = InnerWidth,
            ["hidden_act"] = Activation,
            ["type_vocab_size"] = Segments,
            ["position_biased_input"] = AddsPositions,
            ["relative_attention"] = HasRelativeAttention,
            ["pos_att_type"] = PositionScores.Count == 0 ? null : new JsonArray([.. PositionScores.Select(score => JsonValue.Create(score == PositionScore.ContentToPosition ? ContentToPositionName : PositionToContentName))]),
            ["share_att_key"] = SharesProjections,
            ["max_relative_positions"] = MaximumDistance,
            ["position_buckets"] = DistanceBuckets,
            ["norm_rel_ebd"] = NormalizesPositions ? LayerNormName : "none",
            ["pooler_hidden_act"] = PoolerActivation,
            ["pooler_hidden_size"] = Width,
            ["hidden_dropout_prob"] = HiddenDropout,
            ["attention_probs_dropout_prob"] = AttentionDropout,
            ["pooler_dropout"] = PoolerDropout,
            ["layer_norm_eps"] = NormEpsilon,
            ["initializer_range"] = InitializerRange,
            ["legacy"] = HasLegacyHead,
            ["tie_word_embeddings"] = TieEmbeddings,
        };
        if (EmbeddingWidth is int embedding) json["embedding_size"] = embedding;
        if (PooledDropout is double pooled) json["cls_dropout"] = pooled;
        if (ConvolutionSize > 0)
        {
            json["conv_kernel_size"] = ConvolutionSize;
            json["conv_groups"] = ConvolutionGroups;
            json["conv_act"] = ConvolutionActivation;
        }
        WriteCommonKeys(json, head);
        return json;
    }

    /// <summary>A list, or a text with the names between bars.</summary>
    private static IReadOnlyList<PositionScore> PositionScoresOf(ConfigReader reader)
    {
        const string Key = "pos_att_type";
        IReadOnlyList<string> names = reader.Rest.TryGetValue(Key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? Parts(reader.Text(Key, "")) : reader.Texts(Key) ?? [];
        return [.. names.Select(name => name switch
        {
            ContentToPositionName => PositionScore.ContentToPosition,
            PositionToContentName => PositionScore.PositionToContent,
            _ => throw new InvalidDataException($"config.json: '{Key}' is supported with {ContentToPositionName} and {PositionToContentName} only; found '{ConfigReader.Cut(name)}'."),
        })];
    }

    private static bool NormalizesPositionsOf(ConfigReader reader)
    {
        const string Key = "norm_rel_ebd";
        IReadOnlyList<string> names = Parts(reader.Text(Key, "none"));
        string? unknown = names.FirstOrDefault(name => name is not ("none" or LayerNormName));
        if (unknown is not null) throw new InvalidDataException($"config.json: '{Key}' is supported as none or {LayerNormName} only; found '{ConfigReader.Cut(unknown)}'.");
        return names.Contains(LayerNormName);
    }

    private static string[] Parts(string text) => text.ToLowerInvariant().Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
