using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.NeoX;

/// <summary>The numbers that fix a GPT-NeoX model's shape. Defaults are those of the published model with 20 billion weights.</summary>
public sealed record NeoXConfig : ModelConfig
{
    /// <inheritdoc/>
    public override string Family => "gpt_neox";

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 50,432; at least 1.</summary>
    public override int VocabularySize { get; init; } = 50432;

    /// <summary>How many positions the model was trained for (<c>max_position_embeddings</c>); default 2,048; at least 1.</summary>
    public int TrainedLength { get; init; } = 2048;

    /// <summary>How many positions a text may have: <see cref="TrainedLength"/>, which this sets, or more where the positions' scaling reaches further.</summary>
    public override int MaximumLength { get => Rotary.Scaling?.Reach(TrainedLength) ?? TrainedLength; init => TrainedLength = value; }

    /// <summary>Size of the hidden states (<c>hidden_size</c>); default 6,144; a multiple of <see cref="Heads"/>.</summary>
    public override int Width { get; init; } = 6144;

    /// <summary>How many layers (<c>num_hidden_layers</c>); default 44; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 44;

    /// <summary>How many attention heads a layer (<c>num_attention_heads</c>); default 64; at least 1.</summary>
    public int Heads { get; init; } = 64;

    /// <summary>Size between the two matrices of the feed-forward part (<c>intermediate_size</c>); default 24,576; at least 1.</summary>
    public int InnerWidth { get; init; } = 24576;

    /// <summary>Activation of the feed-forward part (<c>hidden_act</c>), a name that <see cref="Layers.Activation"/> knows; default "gelu".</summary>
    public string Activation { get; init; } = "gelu";

    /// <summary>The rotary positions (<c>rope_parameters</c>, or <c>rotary_pct</c>, <c>rotary_emb_base</c> and <c>rope_scaling</c>); default: a quarter of a head's numbers is rotated.</summary>
    public RotaryOptions Rotary { get; init; } = new() { Fraction = 0.25 };

    /// <summary>Whether attention and feed-forward part read the same stream and are added together (<c>use_parallel_residual</c>); if not, the second reads what the first has added. Default true.</summary>
    public bool IsParallel { get; init; } = true;

    /// <summary>Whether the projections of attention have biases (<c>attention_bias</c>); default true.</summary>
    public bool AttentionBias { get; init; } = true;

    /// <summary>Dropout on attention weights (<c>attention_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Dropout on the embeddings and on what each part adds to the stream (<c>hidden_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double HiddenDropout { get; init; }

    /// <summary>Added to the variance in layer norms (<c>layer_norm_eps</c>); default 1e-5; greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Standard deviation of the initial weights (<c>initializer_range</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether the output head is the token embedding (<c>tie_word_embeddings</c>); default false.</summary>
    public bool TieEmbeddings { get; init; }

    internal override double HeadDeviation => InitializerRange;

    internal override long StoredLayers => Layers;

    internal override double MatrixNumbers => Width * (((TieEmbeddings ? 1.0 : 2.0) * VocabularySize) + (Layers * ((4.0 * Width) + (2.0 * InnerWidth))));

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => NeoXActivations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(TrainedLength, 1);
        Require.AtLeast(Width, 1);
        Require.Within(Layers, 1, ConfigReader.MostLayers);
        Require.AtLeast(Heads, 1);
        Require.Argument(Width % Heads == 0, $"Width must be a multiple of Heads; received {Width} and {Heads}.", nameof(Width));
        Require.AtLeast(InnerWidth, 1);
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(Activation);
        Rotary.Validate(Width / Heads);
        Require.Below(AttentionDropout, 0.0, 1.0);
        Require.Below(HiddenDropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Require.Positive(NormEpsilon);
        Require.NotNegative(InitializerRange);
    }

    /// <inheritdoc/>
    public override NeoXModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands, or asks for what the library cannot do.</exception>
    public static NeoXConfig FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        reader.Default("bos_token_id", 0);
        reader.Default("eos_token_id", 2);
        NeoXConfig defaults = new();
        int trainedLength = reader.Int32("max_position_embeddings", defaults.TrainedLength);
        RotaryOptions older = new() { Theta = reader.Double("rotary_emb_base", defaults.Rotary.Theta), Fraction = reader.Double("rotary_pct", defaults.Rotary.Fraction) };
        NeoXConfig config = new()
        {
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            TrainedLength = trainedLength,
            Width = reader.Int32("hidden_size", defaults.Width),
            Layers = reader.LayerCount("num_hidden_layers", defaults.Layers),
            Heads = reader.Int32("num_attention_heads", defaults.Heads),
            InnerWidth = reader.Int32("intermediate_size", defaults.InnerWidth),
            Activation = reader.Text("hidden_act", defaults.Activation),
            Rotary = RotaryJson.Read(reader, older, trainedLength),
            IsParallel = reader.Boolean("use_parallel_residual", defaults.IsParallel),
            AttentionBias = reader.Boolean("attention_bias", defaults.AttentionBias),
            AttentionDropout = reader.Double("attention_dropout", defaults.AttentionDropout),
            HiddenDropout = reader.Double("hidden_dropout", defaults.HiddenDropout),
            ClassifierDropout = reader.Double("classifier_dropout", defaults.ClassifierDropout),
            NormEpsilon = reader.Double("layer_norm_eps", defaults.NormEpsilon),
            InitializerRange = reader.Double("initializer_range", defaults.InitializerRange),
            TieEmbeddings = reader.Boolean("tie_word_embeddings", defaults.TieEmbeddings),
        };
        // The model is causal whatever the key says.
        reader.MustBe("is_decoder", "false", "true");
        // Names that the first published file has for the two dropouts, and that nobody reads.
        foreach (string dropout in (ReadOnlySpan<string>)["attention_probs_dropout_prob", "hidden_dropout_prob"]) reader.MustBe(dropout, "0", "0.0");
        return (NeoXConfig)config.WithCommonKeys(reader);
    }

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(head switch
            {
                ModelHead.SequenceClassification => "GPTNeoXForSequenceClassification",
                ModelHead.TokenClassification => "GPTNeoXForTokenClassification",
                ModelHead.QuestionAnswering => "GPTNeoXForQuestionAnswering",
                ModelHead.None or ModelHead.Embedding => "GPTNeoXModel",
                _ => "GPTNeoXForCausalLM",
            }),
            ["model_type"] = Family,
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = TrainedLength,
            ["hidden_size"] = Width,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["intermediate_size"] = InnerWidth,
            ["hidden_act"] = Activation,
            ["use_parallel_residual"] = IsParallel,
            ["attention_bias"] = AttentionBias,
            ["attention_dropout"] = AttentionDropout,
            ["hidden_dropout"] = HiddenDropout,
            ["classifier_dropout"] = ClassifierDropout,
            ["layer_norm_eps"] = NormEpsilon,
            ["initializer_range"] = InitializerRange,
            ["tie_word_embeddings"] = TieEmbeddings,
            // Both spellings, as in RotaryJson; the older one has other names here.
            ["rope_parameters"] = RotaryJson.ToJson(Rotary, writesFraction: true),
            ["rotary_pct"] = Rotary.Fraction,
            ["rotary_emb_base"] = Rotary.Theta,
            ["rope_scaling"] = RotaryJson.ScalingOnly(Rotary),
        };
        WriteCommonKeys(json, head);
        return json;
    }
}
