using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Gpt2;

/// <summary>The numbers that fix a GPT-2 model's shape. Defaults are those of the smallest published model.</summary>
public sealed record Gpt2Config : ModelConfig
{
    /// <inheritdoc/>
    public override string Family => "gpt2";

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 50,257; at least 1.</summary>
    public override int VocabularySize { get; init; } = 50257;

    /// <summary>How many positions the model knows (<c>n_positions</c>); default 1,024; at least 1.</summary>
    public override int MaximumLength { get; init; } = 1024;

    /// <summary>Size of the hidden states (<c>n_embd</c>); default 768; a multiple of <see cref="Heads"/>.</summary>
    public override int Width { get; init; } = 768;

    /// <summary>How many layers (<c>n_layer</c>); default 12; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>How many attention heads a layer (<c>n_head</c>); default 12; at least 1.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Size between the two matrices of the feed-forward part (<c>n_inner</c>); default null: 4 * <see cref="Width"/>.</summary>
    public int? InnerWidth { get; init; }

    /// <summary>Activation of the feed-forward part (<c>activation_function</c>), a name that <see cref="Layers.Activation"/> knows; default "gelu_new".</summary>
    public string Activation { get; init; } = "gelu_new";

    /// <summary>Dropout on the sum of the embeddings (<c>embd_pdrop</c>); default 0.1; from 0 to less than 1.</summary>
    public double EmbeddingDropout { get; init; } = 0.1;

    /// <summary>Dropout on attention weights (<c>attn_pdrop</c>); default 0.1; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout on what each part adds to the stream (<c>resid_pdrop</c>); default 0.1; from 0 to less than 1.</summary>
    public double ResidualDropout { get; init; } = 0.1;

    /// <summary>Added to the variance in layer norms (<c>layer_norm_epsilon</c>); default 1e-5; greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Standard deviation of the initial weights (<c>initializer_range</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether attention scores are divided by the square root of the head size (<c>scale_attn_weights</c>); default true.</summary>
    public bool ScaleAttention { get; init; } = true;

    /// <summary>Whether attention scores are also divided by the layer's number, counted from 1 (<c>scale_attn_by_inverse_layer_idx</c>); default false.</summary>
    public bool ScaleAttentionByInverseLayer { get; init; }

    /// <summary>Whether attention scores are computed in float32 whatever the weights' type (<c>reorder_and_upcast_attn</c>); default false.</summary>
    public bool UpcastAttention { get; init; }

    /// <summary>Whether the output head is the token embedding (<c>tie_word_embeddings</c>); default true.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>
    /// Whether linear layers and norms have biases; default true. GPT-2 has them; leaving them out costs nothing in quality (nanoGPT).
    /// Written as <c>bias</c> only when false, and with biases of 0 in the file for readers that do not know the key: the same model.
    /// </summary>
    public bool HasBias { get; init; } = true;

    internal override double HeadDeviation => InitializerRange;

    internal override long StoredLayers => Layers;

    internal override double MatrixNumbers =>
        Width * ((TieEmbeddings ? 1.0 : 2.0) * VocabularySize + MaximumLength + Layers * (4.0 * Width + 2.0 * (InnerWidth ?? 4.0 * Width)));

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => Gpt2Activations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(MaximumLength, 1);
        Require.AtLeast(Width, 1);
        Require.Within(Layers, 1, ConfigReader.MostLayers);
        Require.AtLeast(Heads, 1);
        Require.Argument(Width % Heads == 0, $"Width must be a multiple of Heads; received {Width} and {Heads}.", nameof(Width));
        if (InnerWidth is int inner) Require.AtLeast(inner, 1, nameof(InnerWidth));
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(Activation);
        Require.Below(EmbeddingDropout, 0.0, 1.0);
        Require.Below(AttentionDropout, 0.0, 1.0);
        Require.Below(ResidualDropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Require.Positive(NormEpsilon);
        Require.NotNegative(InitializerRange);
    }

    /// <inheritdoc/>
    public override Gpt2Model CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static Gpt2Config FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        Gpt2Config defaults = new();
        Gpt2Config config = new()
        {
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            MaximumLength = reader.Int32("n_positions", defaults.MaximumLength),
            Width = reader.Int32("n_embd", defaults.Width),
            Layers = reader.LayerCount("n_layer", defaults.Layers),
            Heads = reader.Int32("n_head", defaults.Heads),
            InnerWidth = reader.OptionalInt32("n_inner"),
            Activation = reader.Text("activation_function", defaults.Activation),
            EmbeddingDropout = reader.Double("embd_pdrop", defaults.EmbeddingDropout),
            AttentionDropout = reader.Double("attn_pdrop", defaults.AttentionDropout),
            ResidualDropout = reader.Double("resid_pdrop", defaults.ResidualDropout),
            ClassifierDropout = reader.Double("classifier_dropout", defaults.ClassifierDropout),
            NormEpsilon = reader.Double("layer_norm_epsilon", defaults.NormEpsilon),
            InitializerRange = reader.Double("initializer_range", defaults.InitializerRange),
            ScaleAttention = reader.Boolean("scale_attn_weights", defaults.ScaleAttention),
            ScaleAttentionByInverseLayer = reader.Boolean("scale_attn_by_inverse_layer_idx", defaults.ScaleAttentionByInverseLayer),
            UpcastAttention = reader.Boolean("reorder_and_upcast_attn", defaults.UpcastAttention),
            TieEmbeddings = reader.Boolean("tie_word_embeddings", defaults.TieEmbeddings),
            HasBias = reader.Boolean("bias", defaults.HasBias),
        };
        reader.MustBe("is_decoder", "false", "true");
        reader.Ignore("n_ctx", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj", "predict_special_tokens");
        return (Gpt2Config)config.WithCommonKeys(reader);
    }

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(head switch
            {
                ModelHead.SequenceClassification => "GPT2ForSequenceClassification",
                ModelHead.TokenClassification => "GPT2ForTokenClassification",
                ModelHead.QuestionAnswering => "GPT2ForQuestionAnswering",
                ModelHead.None or ModelHead.Embedding => "GPT2Model",
                _ => "GPT2LMHeadModel",
            }),
            ["model_type"] = Family,
            ["vocab_size"] = VocabularySize,
            ["n_positions"] = MaximumLength,
            ["n_embd"] = Width,
            ["n_layer"] = Layers,
            ["n_head"] = Heads,
            ["n_inner"] = InnerWidth,
            ["activation_function"] = Activation,
            ["embd_pdrop"] = EmbeddingDropout,
            ["attn_pdrop"] = AttentionDropout,
            ["resid_pdrop"] = ResidualDropout,
            ["layer_norm_epsilon"] = NormEpsilon,
            ["initializer_range"] = InitializerRange,
            ["scale_attn_weights"] = ScaleAttention,
            ["scale_attn_by_inverse_layer_idx"] = ScaleAttentionByInverseLayer,
            ["reorder_and_upcast_attn"] = UpcastAttention,
            ["tie_word_embeddings"] = TieEmbeddings,
        };
        if (!HasBias) json["bias"] = false;
        WriteTokenDropout(json, head);
        WriteCommonKeys(json, head);
        return json;
    }
}
