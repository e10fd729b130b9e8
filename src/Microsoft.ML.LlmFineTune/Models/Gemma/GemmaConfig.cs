using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Gemma;

/// <summary>The numbers that fix a Gemma model's shape. Defaults are those of Gemma 1 with 7 billion weights.</summary>
public sealed record GemmaConfig : ModelConfig
{
    /// <summary>Which generation it is; default the first.</summary>
    public GemmaKind Kind { get; init; }

    /// <inheritdoc/>
    public override string Family => GemmaJson.NameOf(Kind);

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 256,000; at least 1.</summary>
    public override int VocabularySize { get; init; } = 256000;

    /// <summary>How many positions the model was trained for (<c>max_position_embeddings</c>); default 8,192; at least 1.</summary>
    public int TrainedLength { get; init; } = 8192;

    /// <summary>How many positions a text may have: <see cref="TrainedLength"/>, which this sets, or more where the positions' scaling reaches further.</summary>
    public override int MaximumLength { get => Rotary.Scaling?.Reach(TrainedLength) ?? TrainedLength; init => TrainedLength = value; }

    /// <summary>Size of the hidden states (<c>hidden_size</c>); default 3,072; at least 1.</summary>
    public override int Width { get; init; } = 3072;

    /// <summary>Size between the matrices of the feed-forward part (<c>intermediate_size</c>); default 24,576; at least 1.</summary>
    public int InnerWidth { get; init; } = 24576;

    /// <summary>How many layers (<c>num_hidden_layers</c>); default 28; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 28;

    /// <summary>How many attention heads a layer (<c>num_attention_heads</c>); default 16; at least 1.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>How many heads keys and values have (<c>num_key_value_heads</c>); default 16; <see cref="Heads"/> is a multiple of it; at least 1.</summary>
    public int KeyValueHeads { get; init; } = 16;

    /// <summary>Numbers a head (<c>head_dim</c>); default 256; at least 1.</summary>
    public int HeadSize { get; init; } = 256;

    /// <summary>Activation of the feed-forward part's gate (<c>hidden_activation</c>, or <c>hidden_act</c> of the first generation), a name that <see cref="Layers.Activation"/> knows; default "gelu_pytorch_tanh".</summary>
    public string Activation { get; init; } = "gelu_pytorch_tanh";

    /// <summary>Added to the mean square in norms (<c>rms_norm_eps</c>); default 1e-6; greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Standard deviation of the initial weights (<c>initializer_range</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether the output head is the token embedding (<c>tie_word_embeddings</c>); default true.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>Whether the projections of attention have biases (<c>attention_bias</c>); default false.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Dropout on attention weights (<c>attention_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>What queries are divided by the square root of (<c>query_pre_attn_scalar</c>; generations 2 and 3); default null: <see cref="HeadSize"/>; greater than 0.</summary>
    public double? QueryScalar { get; init; }

    /// <summary>Attention scores s become cap * tanh(s / cap) (<c>attn_logit_softcapping</c>; generation 2); default null: they stay; greater than 0.</summary>
    public double? AttentionSoftcap { get; init; }

    /// <summary>Logits l become cap * tanh(l / cap) (<c>final_logit_softcapping</c>; generations 2 and 3); default null: they stay; greater than 0.</summary>
    public double? LogitSoftcap { get; init; }

    /// <summary>The rotary positions of layers without a window (<c>rope_parameters</c>, or <c>rope_theta</c> and <c>rope_scaling</c>).</summary>
    public RotaryOptions Rotary { get; init; } = new();

    /// <summary>The rotary positions of layers with a window (<c>rope_parameters</c>, or <c>rope_local_base_freq</c>; generation 3); default null: those of the other layers.</summary>
    public RotaryOptions? LocalRotary { get; init; }

    /// <summary>How many keys a query of a layer with a window sees, its own position and those before it (<c>sliding_window</c>; generations 2 and 3); default null: no layer has one; at least 1.</summary>
    public int? Window { get; init; }

    /// <summary>Which layers have the <see cref="Window"/> (<c>layer_types</c>), one word a layer; default null: all of them.</summary>
    public IReadOnlyList<bool>? WindowLayers { get; init; }

    /// <summary>Whether attention and feed-forward part have a norm behind them, too (generations 2 and 3).</summary>
    public bool NormsBehind => Kind != GemmaKind.Gemma;

    /// <summary>Whether each head's queries and keys pass a norm (generation 3).</summary>
    public bool NormalizesHeads => Kind == GemmaKind.Gemma3;

    internal override double HeadDeviation => InitializerRange;

    internal override long StoredLayers => Layers;

    internal override double MatrixNumbers =>
        Width * (((TieEmbeddings ? 1.0 : 2.0) * VocabularySize) + (Layers * ((2.0 * HeadSize * (Heads + (double)KeyValueHeads)) + (3.0 * InnerWidth))));

    /// <summary>How many keys a query of a layer sees; null: all before it.</summary>
    public int? WindowOf(int layer) => WindowLayers is null || WindowLayers[layer] ? Window : null;

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => GemmaActivations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(TrainedLength, 1);
        Require.AtLeast(Width, 1);
        Require.AtLeast(InnerWidth, 1);
        Require.Within(Layers, 1, ConfigReader.MostLayers);
        Require.AtLeast(Heads, 1);
        Require.AtLeast(KeyValueHeads, 1);
        Require.Argument(Heads % KeyValueHeads == 0, $"Heads must be a multiple of KeyValueHeads; received {Heads} and {KeyValueHeads}.", nameof(KeyValueHeads));
        Require.AtLeast(HeadSize, 1);
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(Activation);
        Require.Positive(NormEpsilon);
        Require.NotNegative(InitializerRange);
        Require.Below(AttentionDropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        if (QueryScalar is double scalar) Require.Positive(scalar, nameof(QueryScalar));
        if (AttentionSoftcap is double scores) Require.Positive(scores, nameof(AttentionSoftcap));
        if (LogitSoftcap is double logits) Require.Positive(logits, nameof(LogitSoftcap));
        Rotary.Validate(HeadSize);
        LocalRotary?.Validate(HeadSize);
        if (Window is int window) Require.AtLeast(window, 1, nameof(Window));
        Require.Argument(WindowLayers is null || WindowLayers.Count == Layers, $"WindowLayers must say a word for each of the {Layers} layers; received {WindowLayers?.Count}.", nameof(WindowLayers));
        GemmaJson.RequireSayable(this);
    }

    /// <inheritdoc/>
    public override GemmaModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task == ModelHead.TokenClassification
        ? new LinearTokenHead(backbone, outputs, "score", ClassifierDropout, HeadDeviation)
        : base.CreateTokenHead(backbone, task, outputs);

    /// <summary>Reads the content of a <c>config.json</c> of any <see cref="GemmaKind"/>; keys that are missing get the defaults of its generation. Of a Gemma 3 that sees images it reads the texts' part.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands, or asks for what the library cannot do.</exception>
    public static GemmaConfig FromJson(JsonObject json) => GemmaJson.Read(json);

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = GemmaJson.Write(this, head);
        WriteTokenDropout(json, head);
        WriteCommonKeys(json, head);
        return json;
    }

    /// <summary>Fills in what all families share from the keys that are left.</summary>
    internal GemmaConfig WithSharedKeys(ConfigReader reader) => (GemmaConfig)WithCommonKeys(reader);
}
