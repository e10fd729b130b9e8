using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Gpt2;

/// <summary>GPT-2 (Radford et al.: "Language Models are Unsupervised Multitask Learners", 2019): learned positions, norms before each part, a head tied to the embedding.</summary>
public sealed class Gpt2Model : DecoderModel
{
    private readonly Embedding tokenEmbedding;
    private readonly Embedding positionEmbedding;
    private readonly LayerNorm finalNorm;
    private Linear? head;
    private readonly Gpt2Config _config;
    private IReadOnlyList<WeightName> _weightNames;
    private readonly Gpt2Block[] _blocks;
    private readonly Dropout _embeddingDropout;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public Gpt2Model(Gpt2Config config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(Gpt2Model))
    {
        Require.NotNull(config).Validate();
        _config = config;
        _embeddingDropout = new Dropout(config.EmbeddingDropout, Random);
        tokenEmbedding = new Embedding(config.VocabularySize, config.Width, device, dtype);
        positionEmbedding = new Embedding(config.MaximumLength, config.Width, device, dtype);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new Gpt2Block(config, layer, Random, device, dtype))];
        for (int layer = 0; layer < _blocks.Length; layer++) register_module($"block{layer}", _blocks[layer]);
        finalNorm = new LayerNorm(config.Width, config.NormEpsilon, config.HasBias, device, dtype);
        head = config.TieEmbeddings ? null : new Linear(config.Width, config.VocabularySize, hasBias: false, device, dtype);
        RegisterComponents();
        _weightNames = Gpt2WeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override Gpt2Config Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => _weightNames;

    internal override IEnumerable<(string File, long Length)> AbsentBiases => _config.HasBias ? [] : Gpt2WeightNames.AbsentBiases(_config);

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => Gpt2WeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    protected override Tensor ForwardTokens(Tensor tokens, Tensor? mask, DecoderCache? cache, ICollection<Tensor>? hiddenStates, Tensor? documents)
    {
        using DecoderContext context = new(tokens, mask, cache, training, _config.MaximumLength, documents);
        long sequence = tokens.size(1);
        Tensor positions = context.Positions() is Tensor numbers
            ? positionEmbedding.forward(numbers)                                                // [batch, sequence, width]
            : positionEmbedding.Rows(context.Start, sequence);                                  // [sequence, width]
        Tensor hidden = _embeddingDropout.Apply(tokenEmbedding.forward(tokens) + positions, training);   // [batch, sequence, width]
        foreach (Gpt2Block block in _blocks)
        {
            hiddenStates?.Add(hidden);
            hidden = Checkpoints.Run(block, hidden, [context.Restriction], (input, shared) => block.Forward(input, context.With(shared[0])), context.Cache is null);   // [batch, sequence, width]
        }
        context.Cache?.Advance(sequence);
        hidden = finalNorm.forward(hidden);
        hiddenStates?.Add(hidden);
        return hidden;
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor hidden) =>
        _config.TieEmbeddings ? tokenEmbedding.Scores(hidden) : Present(head).forward(hidden);

    /// <inheritdoc/>
    public override KvCache CreateCache(long batch, long capacity) =>
        new(_config.Layers, batch, _config.Heads, Math.Min(capacity, _config.MaximumLength), _config.Width / _config.Heads, Device, WeightType);

    /// <summary>
    /// Normal draws of deviation <see cref="Gpt2Config.InitializerRange"/>; projections that end in the residual stream get it divided by
    /// sqrt(2 * layers), so that the stream's variance does not grow with depth. Biases are 0, norms 1.
    /// </summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        tokenEmbedding.Initialize(random, _config.InitializerRange);
        positionEmbedding.Initialize(random, _config.InitializerRange);
        foreach (Gpt2Block block in _blocks) block.Initialize(random);
        finalNorm.Initialize();
        head?.Initialize(random, _config.InitializerRange);
    }

    internal override void DropHead()
    {
        if (_config.TieEmbeddings) return;
        Free(nameof(head), ref head);
        _weightNames = [.. _weightNames.Where(weight => weight.Kind != WeightKind.Output)];
    }
}

/// <summary>One layer: attention, then the feed-forward part, each on the normalised stream and added to it.</summary>
internal sealed class Gpt2Block : nn.Module
{
    private readonly LayerNorm attentionNorm;
    private readonly Linear attentionInput;
    private readonly Linear attentionOutput;
    private readonly LayerNorm feedForwardNorm;
    private readonly FeedForward feedForward;
    private readonly Gpt2Config _config;
    private readonly int _layer;
    private readonly SelfAttention _attention;
    private readonly Dropout _residualDropout;

    public Gpt2Block(Gpt2Config config, int layer, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(Gpt2Block))
    {
        (_config, _layer) = (config, layer);
        long headSize = config.Width / config.Heads;
        double scale = (config.ScaleAttention ? 1 / Math.Sqrt(headSize) : 1) / (config.ScaleAttentionByInverseLayer ? layer + 1 : 1);
        _attention = new SelfAttention(config.Heads, headSize, scale, config.UpcastAttention, new Dropout(config.AttentionDropout, random));
        _residualDropout = new Dropout(config.ResidualDropout, random);
        attentionNorm = new LayerNorm(config.Width, config.NormEpsilon, config.HasBias, device, dtype);
        attentionInput = new Linear(config.Width, 3 * config.Width, config.HasBias, device, dtype);
        attentionOutput = new Linear(config.Width, config.Width, config.HasBias, device, dtype);
        feedForwardNorm = new LayerNorm(config.Width, config.NormEpsilon, config.HasBias, device, dtype);
        feedForward = new FeedForward(config.Width, config.InnerWidth ?? 4 * config.Width, config.Activation, config.HasBias, device, dtype);
        RegisterComponents();
    }

    /// <summary>[batch, sequence, width] to the same.</summary>
    public Tensor Forward(Tensor hidden, DecoderContext context)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        Tensor queryKeyValue = attentionInput.forward(attentionNorm.forward(hidden));           // [batch, sequence, 3 * width]
        Tensor attended = attentionOutput.forward(_attention.Apply(queryKeyValue, _layer, context));
        hidden = hidden + _residualDropout.Apply(attended, context.Training);
        Tensor refined = feedForward.forward(feedForwardNorm.forward(hidden));
        return (hidden + _residualDropout.Apply(refined, context.Training)).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        double deviation = _config.InitializerRange, residualDeviation = deviation / Math.Sqrt(2 * _config.Layers);
        attentionNorm.Initialize();
        attentionInput.Initialize(random, deviation);
        attentionOutput.Initialize(random, residualDeviation);
        feedForwardNorm.Initialize();
        feedForward.Initialize(random, deviation, residualDeviation);
    }
}
