using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>The numbers that fix the shape of a Llama or of one of its relatives. Defaults are those of Llama 2 with 7 billion weights.</summary>
public sealed record LlamaConfig : ModelConfig
{
    private readonly int? _keyValueHeads;
    private readonly int? _headSize;

    /// <summary>Which published family it is; default Llama.</summary>
    public LlamaKind Kind { get; init; }

    /// <inheritdoc/>
    public override string Family => LlamaJson.Of(Kind).Name;

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 32,000; at least 1.</summary>
    public override int VocabularySize { get; init; } = 32000;

    /// <summary>How many positions the model was trained for (<c>max_position_embeddings</c>); default 4,096; at least 1.</summary>
    public int TrainedLength { get; init; } = 4096;

    /// <summary>How many positions a text may have: <see cref="TrainedLength"/>, which this sets, or more where the positions' scaling reaches further.</summary>
    public override int MaximumLength { get => Rotary.Scaling?.Reach(TrainedLength) ?? TrainedLength; init => TrainedLength = value; }

    /// <summary>Size of the hidden states (<c>hidden_size</c>); default 4,096; at least 1.</summary>
    public override int Width { get; init; } = 4096;

    /// <summary>Size between the matrices of the feed-forward part (<c>intermediate_size</c>); default 11,008; at least 1.</summary>
    public int InnerWidth { get; init; } = 11008;

    /// <summary>How many layers (<c>num_hidden_layers</c>); default 32; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 32;

    /// <summary>How many attention heads a layer (<c>num_attention_heads</c>); default 32; at least 1.</summary>
    public int Heads { get; init; } = 32;

    /// <summary>How many heads keys and values have (<c>num_key_value_heads</c>); default <see cref="Heads"/>, which is a multiple of it; at least 1.</summary>
    public int KeyValueHeads { get => _keyValueHeads ?? Heads; init => _keyValueHeads = value; }

    /// <summary>Numbers a head (<c>head_dim</c>); default <see cref="Width"/> / <see cref="Heads"/>; at least 1.</summary>
    public int HeadSize { get => _headSize ?? Width / Heads; init => _headSize = value; }

    /// <summary>Activation of the feed-forward part's gate (<c>hidden_act</c>), a name that <see cref="Layers.Activation"/> knows; default "silu".</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>Added to the mean square in norms (<c>rms_norm_eps</c>); default 1e-5; greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Standard deviation of the initial weights (<c>initializer_range</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether the output head is the token embedding (<c>tie_word_embeddings</c>); default false.</summary>
    public bool TieEmbeddings { get; init; }

    /// <summary>Whether all four projections of attention have biases (<c>attention_bias</c>); default false. Qwen 2 has them on queries, keys and values in any case; Mistral and Phi-3 have none.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the feed-forward part has biases (<c>mlp_bias</c>; Llama and SmolLM 3); default false.</summary>
    public bool FeedForwardBias { get; init; }

    /// <summary>Dropout on attention weights (<c>attention_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Dropout on what each part adds to the stream (<c>resid_pdrop</c>; Phi-3); default 0; from 0 to less than 1.</summary>
    public double ResidualDropout { get; init; }

    /// <summary>The rotary positions (<c>rope_parameters</c>, or <c>rope_theta</c>, <c>rope_scaling</c> and <c>partial_rotary_factor</c>).</summary>
    public RotaryOptions Rotary { get; init; } = new();

    /// <summary>Which layers have rotary positions (<c>no_rope_layers</c>, SmolLM 3), one word a layer; default null: all of them.</summary>
    public IReadOnlyList<bool>? RotaryLayers { get; init; }

    /// <summary>How many keys a query sees, its own position and those before it (<c>sliding_window</c>); default null: all before it; at least 1.</summary>
    public int? Window { get; init; }

    /// <summary>Which layers have the <see cref="Window"/> (<c>layer_types</c>), one word a layer; default null: all of them. Mistral and Phi-3 have it on all.</summary>
    public IReadOnlyList<bool>? WindowLayers { get; init; }

    /// <summary>Whether each head's queries and keys pass a norm (Qwen 3).</summary>
    public bool NormalizesHeads => Kind == LlamaKind.Qwen3;

    /// <summary>Whether queries and keys pass a norm over all heads together (OLMo 2).</summary>
    public bool NormalizesQueriesAndKeys => Kind == LlamaKind.Olmo2;

    /// <summary>Whether the norms stand behind attention and feed-forward part, not before them (OLMo 2).</summary>
    public bool NormsAfter => Kind == LlamaKind.Olmo2;

    /// <summary>Whether projections of the same input are stored as one matrix (Phi-3).</summary>
    public bool HasFusedProjections => Kind == LlamaKind.Phi3;

    /// <summary>Whether queries, keys and values have biases.</summary>
    public bool QueryKeyValueBias => AttentionBias || Kind == LlamaKind.Qwen2;

    internal override double HeadDeviation => InitializerRange;

    /// <summary>Phi-3 changes its rotations where a text gets longer than the original one, and the reference's Phi-3 (none of its relatives) then forgets the keys of the old ones.</summary>
    internal override int? RereadLength => Kind == LlamaKind.Phi3 && Rotary.Scaling is LongRopeScaling scaling ? scaling.OriginalLength : null;

    internal override long StoredLayers => Layers;

    internal override double MatrixNumbers =>
        Width * (((TieEmbeddings ? 1.0 : 2.0) * VocabularySize) + (Layers * ((2.0 * HeadSize * (Heads + (double)KeyValueHeads)) + (3.0 * InnerWidth))));

    /// <summary>How many keys a query of a layer sees; null: all before it.</summary>
    public int? WindowOf(int layer) => WindowLayers is null || WindowLayers[layer] ? Window : null;

    /// <summary>Whether a layer has rotary positions.</summary>
    public bool IsRotary(int layer) => RotaryLayers is null || RotaryLayers[layer];

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => LlamaActivations.Of(this, shape);

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
        Require.Below(ResidualDropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Rotary.Validate(HeadSize);
        if (Window is int window) Require.AtLeast(window, 1, nameof(Window));
        Require.Argument(RotaryLayers is null || RotaryLayers.Count == Layers, $"RotaryLayers must say a word for each of the {Layers} layers; received {RotaryLayers?.Count}.", nameof(RotaryLayers));
        Require.Argument(WindowLayers is null || WindowLayers.Count == Layers, $"WindowLayers must say a word for each of the {Layers} layers; received {WindowLayers?.Count}.", nameof(WindowLayers));
        LlamaJson.Of(Kind).RequireSayable(this);
    }

    /// <inheritdoc/>
    public override LlamaModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task == ModelHead.TokenClassification
        ? new LinearTokenHead(backbone, outputs, "score", ClassifierDropout, HeadDeviation)
        : base.CreateTokenHead(backbone, task, outputs);

    /// <summary>Reads the content of a <c>config.json</c> of any <see cref="LlamaKind"/>; keys that are missing get the defaults of its family.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands, or asks for what the library cannot do.</exception>
    public static LlamaConfig FromJson(JsonObject json) => LlamaJson.Read(json);

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = LlamaJson.Of(Kind).Write(this, head);
        WriteTokenDropout(json, head);
        WriteCommonKeys(json, head);
        return json;
    }

    /// <summary>Fills in what all families share from the keys that are left.</summary>
    internal LlamaConfig WithSharedKeys(ConfigReader reader) => (LlamaConfig)WithCommonKeys(reader);
}
