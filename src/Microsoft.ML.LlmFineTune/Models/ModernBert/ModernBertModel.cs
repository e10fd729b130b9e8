using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.ModernBert;

/// <summary>
/// ModernBERT (Warner et al.: "Smarter, Better, Faster, Longer: A Modern Bidirectional Encoder", 2024): rotary positions, layers of local attention between layers that see the whole text,
/// gated feed-forward parts, norms before each part.
/// </summary>
public sealed class ModernBertModel : EncoderModel
{
    private readonly Embedding tokenEmbedding;
    private readonly LayerNorm embeddingNorm;
    private readonly LayerNorm finalNorm;
    private readonly ModernBertConfig _config;
    private readonly ModernBertLayer[] _layers;
    private readonly Dropout _embeddingDropout;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public ModernBertModel(ModernBertConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(ModernBertModel))
    {
        Require.NotNull(config).Validate();
        _config = config;
        _embeddingDropout = new Dropout(config.EmbeddingDropout, Random);
        tokenEmbedding = new Embedding(config.VocabularySize, config.Width, device, dtype, config.Padding);
        embeddingNorm = new LayerNorm(config.Width, config.NormEpsilon, config.HasNormBias, device, dtype);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(layer => new ModernBertLayer(config, layer, Random, device, dtype))];
        for (int layer = 0; layer < _layers.Length; layer++) register_module($"layer{layer}", _layers[layer]);
        finalNorm = new LayerNorm(config.Width, config.NormEpsilon, config.HasNormBias, device, dtype);
        RegisterComponents();
        WeightNames = ModernBertWeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override ModernBertConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <summary>The table of tokens, which the head of masked language models shares.</summary>
    internal Embedding TokenEmbedding => tokenEmbedding;

    // An embedding is what a bare backbone's checkpoint is for.
    internal override string HeadedPrefix(ModelHead task) => task == ModelHead.Embedding ? "" : ModernBertWeightNames.Prefix;

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => ModernBertWeightNames.Canonical(file);

    /// <inheritdoc/>
    protected override Tensor ReadTokens(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates)
    {
        Require.Argument(segments is null, $"{_config.Family} does not tell the segments of a text apart; received segments. Leave them out.", nameof(segments));
        using EncoderContext context = new(tokens, mask, training, _config.MaximumLength);
        (Tensor Cos, Tensor Sin) globalRotation = Rotation(tokens, _config.GlobalTheta), localRotation = Rotation(tokens, _config.LocalTheta);
        Tensor hidden = _embeddingDropout.Apply(embeddingNorm.forward(tokenEmbedding.forward(tokens)), training);   // [batch, sequence, width]
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            hiddenStates?.Add(hidden);
            ModernBertLayer part = _layers[layer];
            (Tensor Cos, Tensor Sin) rotation = _config.IsGlobal(layer) ? globalRotation : localRotation;
            hidden = Checkpoints.Run(part, hidden, [rotation.Cos, rotation.Sin, context.Mask],     // [batch, sequence, width]
                (input, shared) => part.Forward(input, (shared[0]!, shared[1]!), context.With(shared[2])));
        }
        hidden = finalNorm.forward(hidden);
        hiddenStates?.Add(hidden);
        return hidden;
    }

    /// <summary>
    /// Normal draws of deviation <see cref="ModernBertConfig.InitializerRange"/>, cut off at <see cref="ModernBertConfig.InitializerCutoff"/> deviations; projections that end in the residual stream
    /// get it divided by sqrt(2 * layers). Biases are 0, norms 1.
    /// </summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        // The row of padding too, unlike other families.
        Initialization.Normal(tokenEmbedding.Weight, random, _config.InitializerRange, _config.InitializerCutoff);
        embeddingNorm.Initialize();
        foreach (ModernBertLayer layer in _layers) layer.Initialize(random);
        finalNorm.Initialize();
    }

    /// <summary>Cosines and sines of every position: [1, 1, sequence, headSize] each.</summary>
    private (Tensor Cos, Tensor Sin) Rotation(Tensor tokens, double theta)
    {
        using Tensor positions = arange(tokens.size(1), dtype: ScalarType.Int64, device: tokens.device).unsqueeze(0);   // [1, sequence]
        using Tensor frequencies = tensor(RotaryEmbedding.Frequencies(_config.Width / _config.Heads, theta), device: tokens.device);
        return RotaryEmbedding.At(positions, frequencies);
    }
}

/// <summary>One layer: attention, then the gated feed-forward part, each on the normalised stream and added to it. The first layer's attention takes the stream as it is, since the embeddings are normalised.</summary>
internal sealed class ModernBertLayer : nn.Module
{
    private readonly LayerNorm? attentionNorm;
    private readonly Linear attentionInput;
    private readonly Linear attentionOutput;
    private readonly LayerNorm feedForwardNorm;
    private readonly Linear feedForwardInput;
    private readonly Linear feedForwardOutput;
    private readonly ModernBertConfig _config;
    private readonly long? _distance;
    private readonly DotProductAttention _attention;
    private readonly Dropout _attentionDropout;
    private readonly Dropout _feedForwardDropout;
    private readonly Func<Tensor, Tensor> _activation;

    public ModernBertLayer(ModernBertConfig config, int layer, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(ModernBertLayer))
    {
        _config = config;
        _distance = config.IsGlobal(layer) ? null : config.LocalWindow / 2;
        _attentionDropout = new Dropout(config.AttentionDropout, random);
        _feedForwardDropout = new Dropout(config.FeedForwardDropout, random);
        _attention = new DotProductAttention(1 / Math.Sqrt(config.Width / config.Heads), _attentionDropout);
        _activation = Activation.ByName(config.HiddenActivation);
        attentionNorm = layer == 0 ? null : new LayerNorm(config.Width, config.NormEpsilon, config.HasNormBias, device, dtype);
        attentionInput = new Linear(config.Width, 3 * config.Width, config.HasAttentionBias, device, dtype);
        attentionOutput = new Linear(config.Width, config.Width, config.HasAttentionBias, device, dtype);
        feedForwardNorm = new LayerNorm(config.Width, config.NormEpsilon, config.HasNormBias, device, dtype);
        feedForwardInput = new Linear(config.Width, 2 * config.InnerWidth, config.HasFeedForwardBias, device, dtype);
        feedForwardOutput = new Linear(config.InnerWidth, config.Width, config.HasFeedForwardBias, device, dtype);
        RegisterComponents();
    }

    /// <summary>[batch, sequence, width] to the same.</summary>
    public Tensor Forward(Tensor hidden, (Tensor Cos, Tensor Sin) rotation, EncoderContext context)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        (long batch, long sequence) = (hidden.size(0), hidden.size(1));
        Tensor queryKeyValue = attentionInput.forward(attentionNorm?.forward(hidden) ?? hidden);                                          // [batch, sequence, 3 * width]
        Tensor[] parts = queryKeyValue.view(batch, sequence, 3, _config.Heads, _config.Width / _config.Heads).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor query = RotaryEmbedding.Rotate(parts[0], rotation), key = RotaryEmbedding.Rotate(parts[1], rotation);                       // [batch, heads, sequence, headSize]
        Tensor attended = _attention.Apply(query, key, parts[2], context.Bias(hidden.device, hidden.dtype, _distance), context.Training);   // [batch, sequence, width]
        hidden = hidden + _attentionDropout.Apply(attentionOutput.forward(attended), context.Training);
        Tensor[] inner = feedForwardInput.forward(feedForwardNorm.forward(hidden)).chunk(2, -1);                                           // [batch, sequence, innerWidth] each
        Tensor gated = _feedForwardDropout.Apply(_activation(inner[0]) * inner[1], context.Training);
        return (hidden + feedForwardOutput.forward(gated)).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        (double deviation, double outputDeviation, double cutoff) = (_config.InitializerRange, _config.OutputDeviation, _config.InitializerCutoff);
        attentionNorm?.Initialize();
        attentionInput.Initialize(random, deviation, cutoff);
        attentionOutput.Initialize(random, outputDeviation, cutoff);
        feedForwardNorm.Initialize();
        feedForwardInput.Initialize(random, deviation, cutoff);
        feedForwardOutput.Initialize(random, outputDeviation, cutoff);
    }
}
