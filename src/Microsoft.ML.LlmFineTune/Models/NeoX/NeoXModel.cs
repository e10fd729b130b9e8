using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.NeoX;

/// <summary>GPT-NeoX (Black et al.: "GPT-NeoX-20B", 2022; Pythia, 2023): rotary positions on a part of each head, attention and feed-forward part side by side.</summary>
public sealed class NeoXModel : DecoderModel
{
    private readonly Embedding tokenEmbedding;
    private readonly LayerNorm finalNorm;
    private Linear? head;
    private readonly NeoXConfig _config;
    private readonly NeoXBlock[] _blocks;
    private readonly RotaryPositions _positions;
    private readonly Dropout _embeddingDropout;
    private IReadOnlyList<WeightName> _weightNames;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public NeoXModel(NeoXConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(NeoXModel))
    {
        Require.NotNull(config).Validate();
        _config = config;
        _embeddingDropout = new Dropout(config.HiddenDropout, Random);
        tokenEmbedding = new Embedding(config.VocabularySize, config.Width, device, dtype);
        _positions = new RotaryPositions(config.Rotary.SizeOf(config.Width / config.Heads), config.Rotary.Theta, config.Rotary.Scaling);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new NeoXBlock(config, layer, Random, device, dtype))];
        for (int layer = 0; layer < _blocks.Length; layer++) register_module($"block{layer}", _blocks[layer]);
        finalNorm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        head = config.TieEmbeddings ? null : new Linear(config.Width, config.VocabularySize, hasBias: false, device, dtype);
        RegisterComponents();
        _weightNames = NeoXWeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override NeoXConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => _weightNames;

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => NeoXWeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    protected override Tensor ForwardTokens(Tensor tokens, Tensor? mask, DecoderCache? cache, ICollection<Tensor>? hiddenStates, Tensor? documents)
    {
        using DecoderContext context = new(tokens, mask, cache, training, _config.MaximumLength, documents);
        Tensor hidden = _embeddingDropout.Apply(tokenEmbedding.forward(tokens), training);      // [batch, sequence, width]
        (Tensor Cos, Tensor Sin) rotation = _positions.At(context, hidden.device);              // [batch or 1, 1, sequence, rotated]
        foreach (NeoXBlock block in _blocks)
        {
            hiddenStates?.Add(hidden);
            hidden = Checkpoints.Run(block, hidden, [rotation.Cos, rotation.Sin, context.Restriction],     // [batch, sequence, width]
                (input, shared) => block.Forward(input, (shared[0]!, shared[1]!), context.With(shared[2])), context.Cache is null);
        }
        context.Cache?.Advance(context.Queries);
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

    /// <summary>Normal draws of deviation <see cref="NeoXConfig.InitializerRange"/>. Biases are 0, norms 1.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        tokenEmbedding.Initialize(random, _config.InitializerRange);
        foreach (NeoXBlock block in _blocks) block.Initialize(random);
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

/// <summary>One layer: attention and the feed-forward part, side by side on the same stream or one after the other.</summary>
internal sealed class NeoXBlock : nn.Module
{
    private readonly LayerNorm attentionNorm;
    private readonly Linear queryKeyValue;
    private readonly Linear attentionOutput;
    private readonly LayerNorm feedForwardNorm;
    private readonly FeedForward feedForward;
    private readonly NeoXConfig _config;
    private readonly int _layer;
    private readonly GroupedQueryAttention _attention;
    private readonly Dropout _residualDropout;

    public NeoXBlock(NeoXConfig config, int layer, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(NeoXBlock))
    {
        (_config, _layer) = (config, layer);
        int headSize = config.Width / config.Heads;
        _attention = new GroupedQueryAttention(headSize, 1 / Math.Sqrt(headSize), new Dropout(config.AttentionDropout, random));
        _residualDropout = new Dropout(config.HiddenDropout, random);
        attentionNorm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        queryKeyValue = new Linear(config.Width, 3L * config.Width, config.AttentionBias, device, dtype);
        attentionOutput = new Linear(config.Width, config.Width, config.AttentionBias, device, dtype);
        feedForwardNorm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        feedForward = new FeedForward(config.Width, config.InnerWidth, config.Activation, hasBias: true, device, dtype);
        RegisterComponents();
    }

    /// <summary>[batch, sequence, width] to the same.</summary>
    public Tensor Forward(Tensor hidden, (Tensor Cos, Tensor Sin) rotation, DecoderContext context)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = _residualDropout.Apply(Attend(attentionNorm.forward(hidden), rotation, context), context.Training);
        Tensor read = _config.IsParallel ? hidden : hidden + attended;
        Tensor refined = _residualDropout.Apply(feedForward.forward(feedForwardNorm.forward(read)), context.Training);
        return (hidden + attended + refined).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        attentionNorm.Initialize();
        queryKeyValue.Initialize(random, _config.InitializerRange);
        attentionOutput.Initialize(random, _config.InitializerRange);
        feedForwardNorm.Initialize();
        feedForward.Initialize(random, _config.InitializerRange, _config.InitializerRange);
    }

    private Tensor Attend(Tensor normal, (Tensor Cos, Tensor Sin) rotation, DecoderContext context)
    {
        // Each head's query, key and value lie side by side: [batch, sequence, heads * 3 * headSize].
        Tensor heads = queryKeyValue.forward(normal).view(normal.size(0), normal.size(1), _config.Heads, -1).transpose(1, 2);
        Tensor[] parts = heads.chunk(3, -1);                                                    // [batch, heads, sequence, headSize] each
        Tensor attended = _attention.Apply(RotaryEmbedding.Rotate(parts[0], rotation), RotaryEmbedding.Rotate(parts[1], rotation), parts[2], _layer, context);
        return attentionOutput.forward(attended);
    }
}
