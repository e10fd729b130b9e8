using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Gemma;

/// <summary>
/// Gemma (Gemma Team, 2024 and 2025), three generations: scaled embeddings, norms whose weights are stored as a difference from 1, heads wider than the stream; later norms on both sides of each part,
/// layers with a window between layers without, soft caps.
/// </summary>
public sealed class GemmaModel : DecoderModel
{
    private readonly Embedding tokenEmbedding;
    private readonly RmsNorm finalNorm;
    private Linear? head;
    private readonly GemmaConfig _config;
    private readonly GemmaBlock[] _blocks;
    private readonly RotaryPositions _positions;
    private readonly RotaryPositions? _localPositions;
    private IReadOnlyList<WeightName> _weightNames;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public GemmaModel(GemmaConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(GemmaModel))
    {
        Require.NotNull(config).Validate();
        _config = config;
        // A published padding id that lies outside the table has no row.
        tokenEmbedding = new Embedding(config.VocabularySize, config.Width, device, dtype, config.Padding is int id && id >= 0 && id < config.VocabularySize ? id : null);
        _positions = new RotaryPositions(config.Rotary.SizeOf(config.HeadSize), config.Rotary.Theta, config.Rotary.Scaling);
        if (config.LocalRotary is RotaryOptions local) _localPositions = new RotaryPositions(local.SizeOf(config.HeadSize), local.Theta, local.Scaling);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new GemmaBlock(config, layer, Random, device, dtype))];
        for (int layer = 0; layer < _blocks.Length; layer++) register_module($"block{layer}", _blocks[layer]);
        finalNorm = new RmsNorm(config.Width, config.NormEpsilon, offset: 1, device, dtype);
        head = config.TieEmbeddings ? null : new Linear(config.Width, config.VocabularySize, hasBias: false, device, dtype);
        RegisterComponents();
        _weightNames = GemmaWeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override GemmaConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => _weightNames;

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => GemmaWeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    protected override Tensor ForwardTokens(Tensor tokens, Tensor? mask, DecoderCache? cache, ICollection<Tensor>? hiddenStates, Tensor? documents)
    {
        using DecoderContext context = new(tokens, mask, cache, training, _config.MaximumLength, documents);
        Tensor hidden = tokenEmbedding.forward(tokens).mul(EmbeddingScale());                   // [batch, sequence, width]
        (Tensor Cos, Tensor Sin) rotation = _positions.At(context, hidden.device);              // [batch or 1, 1, sequence, rotated]
        (Tensor Cos, Tensor Sin) localRotation = _localPositions?.At(context, hidden.device) ?? rotation;
        for (int layer = 0; layer < _blocks.Length; layer++)
        {
            hiddenStates?.Add(hidden);
            GemmaBlock block = _blocks[layer];
            (Tensor Cos, Tensor Sin) turned = _config.WindowOf(layer) is null ? rotation : localRotation;
            hidden = Checkpoints.Run(block, hidden, [turned.Cos, turned.Sin, context.Restriction],     // [batch, sequence, width]
                (input, shared) => block.Forward(input, (shared[0]!, shared[1]!), context.With(shared[2])), context.Cache is null);
        }
        context.Cache?.Advance(context.Queries);
        hidden = finalNorm.forward(hidden);
        hiddenStates?.Add(hidden);
        return hidden;
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor hidden)
    {
        Tensor logits = _config.TieEmbeddings ? tokenEmbedding.Scores(hidden) : Present(head).forward(hidden);
        // Scores of a vocabulary are large: in their own place as far as the gradient allows.
        return _config.LogitSoftcap is double cap ? logits.div_(cap).tanh_().mul(cap) : logits;
    }

    /// <inheritdoc/>
    public override KvCache CreateCache(long batch, long capacity) =>
        new(_config.Layers, batch, _config.KeyValueHeads, Math.Min(capacity, _config.MaximumLength), _config.HeadSize, Device, WeightType);

    /// <summary>Normal draws of deviation <see cref="GemmaConfig.InitializerRange"/>. Biases are 0, and so are norms, which stand for 1; the row of padding is 0.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        tokenEmbedding.Initialize(random, _config.InitializerRange);
        foreach (GemmaBlock block in _blocks) block.Initialize(random);
        finalNorm.Initialize();
        head?.Initialize(random, _config.InitializerRange);
    }

    internal override void DropHead()
    {
        if (_config.TieEmbeddings) return;
        Free(nameof(head), ref head);
        _weightNames = [.. _weightNames.Where(weight => weight.Kind != WeightKind.Output)];
    }

    /// <summary>sqrt(width), rounded to the weights' type as in training.</summary>
    private double EmbeddingScale()
    {
        if (WeightType == ScalarType.Float32) return Math.Sqrt(_config.Width);
        using Tensor scale = tensor((float)Math.Sqrt(_config.Width));
        using Tensor rounded = scale.to(WeightType);
        using Tensor back = rounded.to(ScalarType.Float32);
        return back.item<float>();
    }
}

/// <summary>One layer: attention, then the feed-forward part, each on the normalised stream, normalised again where the generation does, and added to the stream.</summary>
internal sealed class GemmaBlock : nn.Module
{
    private readonly RmsNorm attentionNorm;
    private readonly GemmaAttention attention;
    private readonly RmsNorm? attentionNormBehind;
    private readonly RmsNorm feedForwardNorm;
    private readonly GatedFeedForward feedForward;
    private readonly RmsNorm? feedForwardNormBehind;
    private readonly GemmaConfig _config;

    public GemmaBlock(GemmaConfig config, int layer, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(GemmaBlock))
    {
        _config = config;
        attentionNorm = Norm();
        attention = new GemmaAttention(config, layer, random, device, dtype);
        attentionNormBehind = config.NormsBehind ? Norm() : null;
        feedForwardNorm = Norm();
        feedForward = new GatedFeedForward(config.Width, config.InnerWidth, config.Activation, hasBias: false, device, dtype);
        feedForwardNormBehind = config.NormsBehind ? Norm() : null;
        RegisterComponents();

        RmsNorm Norm() => new(config.Width, config.NormEpsilon, offset: 1, device, dtype);
    }

    /// <summary>[batch, sequence, width] to the same.</summary>
    public Tensor Forward(Tensor hidden, (Tensor Cos, Tensor Sin) rotation, DecoderContext context)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = attention.Forward(attentionNorm.forward(hidden), rotation, context);
        hidden = hidden + (attentionNormBehind?.forward(attended) ?? attended);
        Tensor refined = feedForward.forward(feedForwardNorm.forward(hidden));
        return (hidden + (feedForwardNormBehind?.forward(refined) ?? refined)).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        attention.Initialize(random);
        feedForward.Initialize(random, _config.InitializerRange, _config.InitializerRange);
        foreach (RmsNorm? norm in (ReadOnlySpan<RmsNorm?>)[attentionNorm, attentionNormBehind, feedForwardNorm, feedForwardNormBehind]) norm?.Initialize();
    }
}

/// <summary>Attention: projections, norms of the heads in the third generation, rotary positions.</summary>
internal sealed class GemmaAttention : nn.Module
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly RmsNorm? queryNorm;
    private readonly RmsNorm? keyNorm;
    private readonly Linear output;
    private readonly GemmaConfig _config;
    private readonly int _layer;
    private readonly GroupedQueryAttention _attention;

    public GemmaAttention(GemmaConfig config, int layer, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(GemmaAttention))
    {
        (_config, _layer) = (config, layer);
        _attention = new GroupedQueryAttention(config.HeadSize, 1 / Math.Sqrt(config.QueryScalar ?? config.HeadSize), new Dropout(config.AttentionDropout, random), config.WindowOf(layer), config.AttentionSoftcap);
        query = new Linear(config.Width, (long)config.Heads * config.HeadSize, config.AttentionBias, device, dtype);
        key = new Linear(config.Width, (long)config.KeyValueHeads * config.HeadSize, config.AttentionBias, device, dtype);
        value = new Linear(config.Width, (long)config.KeyValueHeads * config.HeadSize, config.AttentionBias, device, dtype);
        if (config.NormalizesHeads) (queryNorm, keyNorm) = (Norm(), Norm());
        output = new Linear((long)config.Heads * config.HeadSize, config.Width, config.AttentionBias, device, dtype);
        RegisterComponents();

        RmsNorm Norm() => new(config.HeadSize, config.NormEpsilon, offset: 1, device, dtype);
    }

    /// <summary>[batch, sequence, width] to the same.</summary>
    public Tensor Forward(Tensor hidden, (Tensor Cos, Tensor Sin) rotation, DecoderContext context)
    {
        (Tensor queries, Tensor keys, Tensor values) = (Heads(query.forward(hidden)), Heads(key.forward(hidden)), Heads(value.forward(hidden)));   // [batch, heads or groups, sequence, headSize]
        if (_config.NormalizesHeads) (queries, keys) = (queryNorm!.forward(queries), keyNorm!.forward(keys));
        (queries, keys) = (RotaryEmbedding.Rotate(queries, rotation), RotaryEmbedding.Rotate(keys, rotation));
        return output.forward(_attention.Apply(queries, keys, values, _layer, context));
    }

    public void Initialize(RandomStream random)
    {
        foreach (Linear projection in (ReadOnlySpan<Linear>)[query, key, value, output]) projection.Initialize(random, _config.InitializerRange);
        queryNorm?.Initialize();
        keyNorm?.Initialize();
    }

    private Tensor Heads(Tensor states) => states.view(states.size(0), states.size(1), -1, _config.HeadSize).transpose(1, 2);
}
