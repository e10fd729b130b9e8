using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>
/// Llama (Touvron et al., 2023) and its relatives: rotary positions, root-mean-square norms, a gated feed-forward part, groups of heads that share keys and values. What sets a relative apart is a word
/// of <see cref="LlamaConfig"/>.
/// </summary>
public sealed class LlamaModel : DecoderModel
{
    private readonly Embedding tokenEmbedding;
    private readonly RmsNorm finalNorm;
    private Linear? head;
    private readonly LlamaConfig _config;
    private IReadOnlyList<WeightName> _weightNames;
    private readonly LlamaBlock[] _blocks;
    private readonly RotaryPositions _positions;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public LlamaModel(LlamaConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(LlamaModel))
    {
        Require.NotNull(config).Validate();
        _config = config;
        tokenEmbedding = new Embedding(config.VocabularySize, config.Width, device, dtype, PaddingRow(config));
        _positions = new RotaryPositions(config.Rotary.SizeOf(config.HeadSize), config.Rotary.Theta, config.Rotary.Scaling);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new LlamaBlock(config, layer, Random, device, dtype))];
        for (int layer = 0; layer < _blocks.Length; layer++) register_module($"block{layer}", _blocks[layer]);
        finalNorm = new RmsNorm(config.Width, config.NormEpsilon, device: device, dtype: dtype);
        head = config.TieEmbeddings ? null : new Linear(config.Width, config.VocabularySize, hasBias: false, device, dtype);
        RegisterComponents();
        _weightNames = LlamaWeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override LlamaConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => _weightNames;

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => LlamaWeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    protected override Tensor ForwardTokens(Tensor tokens, Tensor? mask, DecoderCache? cache, ICollection<Tensor>? hiddenStates, Tensor? documents)
    {
        using DecoderContext context = new(tokens, mask, cache, training, _config.MaximumLength, documents);
        Tensor hidden = tokenEmbedding.forward(tokens);                                         // [batch, sequence, width]
        (Tensor Cos, Tensor Sin) rotation = _positions.At(context, hidden.device);              // [batch or 1, 1, sequence, rotated]
        foreach (LlamaBlock block in _blocks)
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
        new(_config.Layers, batch, _config.KeyValueHeads, Math.Min(capacity, _config.MaximumLength), _config.HeadSize, Device, WeightType);

    /// <summary>Normal draws of deviation <see cref="LlamaConfig.InitializerRange"/>. Biases are 0, norms 1; the row of padding is 0.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        tokenEmbedding.Initialize(random, _config.InitializerRange);
        foreach (LlamaBlock block in _blocks) block.Initialize(random);
        finalNorm.Initialize();
        head?.Initialize(random, _config.InitializerRange);
    }

    internal override string HeadedName(string file, ModelHead task) => LlamaWeightNames.Headed(file, task, _config.Kind);

    internal override void DropHead()
    {
        if (_config.TieEmbeddings) return;
        Free(nameof(head), ref head);
        _weightNames = [.. _weightNames.Where(weight => weight.Kind != WeightKind.Output)];
    }

    /// <summary>The row of padding; a published padding id that lies outside the table has none.</summary>
    private static int? PaddingRow(LlamaConfig config) => config.Padding is int id && id >= 0 && id < config.VocabularySize ? id : null;
}

/// <summary>One layer: attention, then the feed-forward part, each on the normalised stream (or normalised after it) and added to the stream.</summary>
internal sealed class LlamaBlock : nn.Module
{
    private readonly RmsNorm attentionNorm;
    private readonly LlamaAttention attention;
    private readonly RmsNorm feedForwardNorm;
    private readonly GatedFeedForward feedForward;
    private readonly LlamaConfig _config;
    private readonly Dropout _residualDropout;

    public LlamaBlock(LlamaConfig config, int layer, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(LlamaBlock))
    {
        _config = config;
        _residualDropout = new Dropout(config.ResidualDropout, random);
        attentionNorm = new RmsNorm(config.Width, config.NormEpsilon, device: device, dtype: dtype);
        attention = new LlamaAttention(config, layer, random, device, dtype);
        feedForwardNorm = new RmsNorm(config.Width, config.NormEpsilon, device: device, dtype: dtype);
        feedForward = new GatedFeedForward(config.Width, config.InnerWidth, config.Activation, config.FeedForwardBias, device, dtype, config.HasFusedProjections);
        RegisterComponents();
    }

    /// <summary>[batch, sequence, width] to the same.</summary>
    public Tensor Forward(Tensor hidden, (Tensor Cos, Tensor Sin) rotation, DecoderContext context)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = _config.NormsAfter
            ? attentionNorm.forward(attention.Forward(hidden, rotation, context))
            : attention.Forward(attentionNorm.forward(hidden), rotation, context);
        hidden = hidden + _residualDropout.Apply(attended, context.Training);
        Tensor refined = _config.NormsAfter
            ? feedForwardNorm.forward(feedForward.forward(hidden))
            : feedForward.forward(feedForwardNorm.forward(hidden));
        return (hidden + _residualDropout.Apply(refined, context.Training)).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        attentionNorm.Initialize();
        attention.Initialize(random);
        feedForwardNorm.Initialize();
        feedForward.Initialize(random, _config.InitializerRange, _config.InitializerRange);
    }
}

/// <summary>Attention: projections, norms where the kind has them, rotary positions where the layer has them.</summary>
internal sealed class LlamaAttention : nn.Module
{
    private readonly Linear? query;
    private readonly Linear? key;
    private readonly Linear? value;
    private readonly Linear? queryKeyValue;
    private readonly RmsNorm? queryNorm;
    private readonly RmsNorm? keyNorm;
    private readonly Linear output;
    private readonly LlamaConfig _config;
    private readonly int _layer;
    private readonly long _queryWidth;
    private readonly long _keyWidth;
    private readonly GroupedQueryAttention _attention;

    public LlamaAttention(LlamaConfig config, int layer, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(LlamaAttention))
    {
        (_config, _layer) = (config, layer);
        (_queryWidth, _keyWidth) = ((long)config.Heads * config.HeadSize, (long)config.KeyValueHeads * config.HeadSize);
        _attention = new GroupedQueryAttention(config.HeadSize, 1 / Math.Sqrt(config.HeadSize), new Dropout(config.AttentionDropout, random), config.WindowOf(layer));
        if (config.HasFusedProjections) queryKeyValue = Projection(_queryWidth + (2 * _keyWidth));
        else (query, key, value) = (Projection(_queryWidth), Projection(_keyWidth), Projection(_keyWidth));
        if (config.NormalizesHeads) (queryNorm, keyNorm) = (Norm(config.HeadSize), Norm(config.HeadSize));
        if (config.NormalizesQueriesAndKeys) (queryNorm, keyNorm) = (Norm(_queryWidth), Norm(_keyWidth));
        output = new Linear(_queryWidth, config.Width, config.AttentionBias, device, dtype);
        RegisterComponents();

        Linear Projection(long width) => new(config.Width, width, config.QueryKeyValueBias, device, dtype);

        RmsNorm Norm(long width) => new(width, config.NormEpsilon, device: device, dtype: dtype);
    }

    /// <summary>[batch, sequence, width] to the same.</summary>
    public Tensor Forward(Tensor hidden, (Tensor Cos, Tensor Sin) rotation, DecoderContext context)
    {
        Tensor[] parts = queryKeyValue is null
            ? [query!.forward(hidden), key!.forward(hidden), value!.forward(hidden)]
            : queryKeyValue.forward(hidden).split([_queryWidth, _keyWidth, _keyWidth], -1);
        (Tensor queries, Tensor keys, Tensor values) = (parts[0], parts[1], parts[2]);          // [batch, sequence, heads or groups * headSize]
        if (_config.NormalizesQueriesAndKeys) (queries, keys) = (queryNorm!.forward(queries), keyNorm!.forward(keys));
        (queries, keys, values) = (Heads(queries), Heads(keys), Heads(values));                 // [batch, heads or groups, sequence, headSize]
        if (_config.NormalizesHeads) (queries, keys) = (queryNorm!.forward(queries), keyNorm!.forward(keys));
        if (_config.IsRotary(_layer)) (queries, keys) = (RotaryEmbedding.Rotate(queries, rotation), RotaryEmbedding.Rotate(keys, rotation));
        return output.forward(_attention.Apply(queries, keys, values, _layer, context));
    }

    public void Initialize(RandomStream random)
    {
        foreach (Linear? projection in (ReadOnlySpan<Linear?>)[query, key, value, queryKeyValue, output]) projection?.Initialize(random, _config.InitializerRange);
        queryNorm?.Initialize();
        keyNorm?.Initialize();
    }

    private Tensor Heads(Tensor states) => states.view(states.size(0), states.size(1), -1, _config.HeadSize).transpose(1, 2);
}
