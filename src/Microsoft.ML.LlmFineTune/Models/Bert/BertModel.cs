using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>
/// BERT (Devlin et al.: "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019) and its descendants: learned positions, a norm after each part.
/// They differ in few places: how positions are counted, whether embeddings are narrower than hidden states, whether layers share weights, whether attention knows relative positions.
/// </summary>
public sealed class BertModel : EncoderModel
{
    private readonly Embedding tokenEmbedding;
    private readonly Embedding positionEmbedding;
    private readonly Embedding? segmentEmbedding;
    private readonly LayerNorm embeddingNorm;
    private readonly Linear? projection;
    private readonly RelativePositionBias? relativePositions;
    private readonly BertFamilyConfig _config;
    private readonly BertBlock[] _blocks;
    private readonly int[] _order;
    private readonly Dropout _embeddingDropout;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public BertModel(BertFamilyConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(BertModel))
    {
        Require.NotNull(config).Validate();
        _config = config;
        _embeddingDropout = new Dropout(config.HiddenDropout, Random);
        tokenEmbedding = new Embedding(config.VocabularySize, config.TableWidth, device, dtype, config.TokenPadding);
        positionEmbedding = new Embedding(config.PositionRows, config.TableWidth, device, dtype, config.PositionPadding);
        if (config.FixedPositions) positionEmbedding.Weight.requires_grad_(false);
        segmentEmbedding = config.SegmentCount > 0 ? new Embedding(config.SegmentCount, config.TableWidth, device, dtype) : null;
        embeddingNorm = new LayerNorm(config.TableWidth, config.NormEpsilon, hasBias: true, device, dtype);
        projection = config.ProjectionName is not null ? new Linear(config.TableWidth, config.Width, hasBias: true, device, dtype) : null;
        relativePositions = config.RelativeBuckets is int buckets ? new RelativePositionBias(buckets, config.FarthestPosition, config.Heads, bothSides: true, device, dtype) : null;
        _blocks = [.. Enumerable.Range(0, config.BlockCount).Select(_ => new BertBlock(config, Random, device, dtype))];
        for (int block = 0; block < _blocks.Length; block++) register_module($"block{block}", _blocks[block]);
        _order = [.. config.BlockOrder];
        RegisterComponents();
        WeightNames = BertWeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override BertFamilyConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <summary>[vocabulary, embedding width]: what a tied head scores with.</summary>
    internal Tensor TokenTable => tokenEmbedding.Weight;

    // An embedding is what a bare backbone's checkpoint is for.
    internal override string HeadedPrefix(ModelHead task) => task == ModelHead.Embedding ? "" : _config.Prefix;

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => BertWeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    protected override Tensor ReadTokens(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates) => Read(null, tokens, mask, segments, hiddenStates);

    internal override KeyValueShape? KeyValueShape => relativePositions is null ? new(_order.Length, _config.Heads, _config.Width / _config.Heads) : null;

    private protected override Tensor ReadBehind(VirtualKeys first, Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates) =>
        relativePositions is null ? Read(first, tokens, mask, segments, hiddenStates) : base.ReadBehind(first, tokens, mask, segments, hiddenStates);

    /// <summary>Reads tokens, behind the keys and values of virtual ones where there are some.</summary>
    private Tensor Read(VirtualKeys? first, Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates)
    {
        using EncoderContext context = new(tokens, mask, training, _config.MaximumLength, segments, first);
        Tensor hidden = embeddingNorm.forward(tokenEmbedding.forward(tokens) + Segments(segments) + Positions(tokens, first?.Virtual ?? 0));   // [batch, sequence, table width]
        hidden = _embeddingDropout.Apply(hidden, training);
        if (projection is not null) hidden = projection.forward(hidden);                                  // [batch, sequence, width]
        hiddenStates?.Add(hidden);
        // Broadcasts to [batch, heads, sequence, sequence]; null where attention looks at the context alone.
        Tensor? distances = relativePositions?.Between(tokens.size(1), tokens.size(1));
        if (distances is not null && context.Bias(hidden.device, hidden.dtype) is Tensor padding) distances = distances + padding;
        foreach (BertBlock block in _order.Select(index => _blocks[index]))
        {
            hidden = Checkpoints.Run(block, hidden, [distances, context.Mask], (input, shared) => block.Forward(input, context.With(shared[1]), shared[0]), context.First is null);   // [batch, sequence, width]
            hiddenStates?.Add(hidden);
        }
        return hidden;
    }

    /// <summary>Normal draws of deviation <see cref="BertFamilyConfig.InitializerRange"/>; rows of padding and biases are 0, norms 1.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        double deviation = _config.InitializerRange;
        tokenEmbedding.Initialize(random, deviation);
        if (_config.FixedPositions) FillSines();
        else positionEmbedding.Initialize(random, deviation);
        segmentEmbedding?.Initialize(random, deviation);
        embeddingNorm.Initialize();
        projection?.Initialize(random, deviation);
        relativePositions?.Initialize(random, deviation);
        foreach (BertBlock block in _blocks) block.Initialize(random, deviation);
    }

    /// <summary>Sines and cosines by turns, of wavelengths that grow from 2 pi to 10,000 * 2 pi (Vaswani et al., 2017).</summary>
    private void FillSines()
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        int width = _config.TableWidth;
        float[] sines = new float[_config.PositionRows * width];
        for (int i = 0; i < sines.Length; i++)
        {
            (int position, int column) = (i / width, i % width);
            double angle = position / Math.Pow(10000, 2 * (column / 2) / (double)width);
            sines[i] = (float)(column % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
        }
        positionEmbedding.Weight.copy_(tensor(sines, [_config.PositionRows, width]));
    }

    /// <summary>[sequence, table width], or where padding has no position of its own [batch, sequence, table width].</summary>
    private Tensor Positions(Tensor tokens, long start)
    {
        if (_config.PositionPadding is not int padding) return positionEmbedding.Rows(start, tokens.size(1));
        Tensor isReal = tokens.ne(padding).to(ScalarType.Int64);                                          // [batch, sequence]
        return positionEmbedding.forward(((isReal.cumsum(1) + start) * isReal) + padding);
    }

    /// <summary>[batch, sequence, table width], or [1, table width] when all is of the first segment; 0 where there are none.</summary>
    private Tensor Segments(Tensor? segments)
    {
        if (segmentEmbedding is not null) return segments is null ? segmentEmbedding.Rows(0, 1) : segmentEmbedding.forward(segments);
        Require.Argument(segments is null, $"{_config.Family} does not tell the segments of a text apart; received segments. Leave them out.", nameof(segments));
        return zeros(1, dtype: WeightType, device: Device);
    }
}

/// <summary>One layer: attention, then the feed-forward part, each added to the stream, which is normalised after it.</summary>
internal sealed class BertBlock : nn.Module
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly Linear attentionOutput;
    private readonly LayerNorm attentionNorm;
    private readonly FeedForward feedForward;
    private readonly LayerNorm outputNorm;
    private readonly EncoderAttention _attention;
    private readonly Dropout _attentionDropout;
    private readonly Dropout _feedForwardDropout;

    public BertBlock(BertFamilyConfig config, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(BertBlock))
    {
        int width = config.Width;
        _attention = new EncoderAttention(config.Heads, width / config.Heads, new Dropout(config.AttentionDropout, random));
        _attentionDropout = new Dropout(config.AttentionOutputDropout, random);
        _feedForwardDropout = new Dropout(config.FeedForwardDropout, random);
        query = new Linear(width, width, hasBias: true, device, dtype);
        key = new Linear(width, width, hasBias: true, device, dtype);
        value = new Linear(width, width, hasBias: true, device, dtype);
        attentionOutput = new Linear(width, width, hasBias: true, device, dtype);
        attentionNorm = new LayerNorm(width, config.NormEpsilon, hasBias: true, device, dtype);
        feedForward = new FeedForward(width, config.InnerWidth, config.Activation, hasBias: true, device, dtype);
        outputNorm = new LayerNorm(width, config.NormEpsilon, hasBias: true, device, dtype);
        RegisterComponents();
    }

    /// <summary>[batch, sequence, width] to the same; a bias on attention scores takes the place of what the context gives.</summary>
    public Tensor Forward(Tensor hidden, EncoderContext context, Tensor? bias)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        (Tensor queries, Tensor keys, Tensor values) = (query.forward(hidden), key.forward(hidden), value.forward(hidden));
        Tensor attended = attentionOutput.forward(bias is null ? _attention.Apply(queries, keys, values, context) : _attention.Apply(queries, keys, values, bias, context.Training));
        hidden = attentionNorm.forward(hidden + _attentionDropout.Apply(attended, context.Training));
        Tensor refined = feedForward.forward(hidden);
        return outputNorm.forward(hidden + _feedForwardDropout.Apply(refined, context.Training)).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random, double deviation)
    {
        query.Initialize(random, deviation);
        key.Initialize(random, deviation);
        value.Initialize(random, deviation);
        attentionOutput.Initialize(random, deviation);
        attentionNorm.Initialize();
        feedForward.Initialize(random, deviation, deviation);
        outputNorm.Initialize();
    }
}
