using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Dropout = Microsoft.ML.LlmFineTune.Layers.Dropout;
using Embedding = Microsoft.ML.LlmFineTune.Layers.Embedding;
using F = TorchSharp.torch.nn.functional;
using LayerNorm = Microsoft.ML.LlmFineTune.Layers.LayerNorm;
using Linear = Microsoft.ML.LlmFineTune.Layers.Linear;

namespace Microsoft.ML.LlmFineTune.Models.DebertaV2;

/// <summary>
/// DeBERTa of versions 2 and 3 (He et al.: "DeBERTa: Decoding-enhanced BERT with Disentangled Attention", 2020; "DeBERTaV3", 2021): contents and relative positions attend to each other by scores of their own.
/// </summary>
public sealed class DebertaV2Model : EncoderModel
{
    private readonly Embedding tokenEmbedding;
    private readonly Embedding? positionEmbedding;
    private readonly Embedding? segmentEmbedding;
    private readonly Linear? embeddingProjection;
    private readonly LayerNorm embeddingNorm;
    private readonly Embedding? distanceEmbedding;
    private readonly LayerNorm? distanceNorm;
    private readonly DebertaV2Convolution? convolution;
    private readonly DebertaV2Config _config;
    private readonly DebertaV2Layer[] _layers;
    private readonly Dropout _dropout;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public DebertaV2Model(DebertaV2Config config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(DebertaV2Model))
    {
        Require.NotNull(config).Validate();
        _config = config;
        _dropout = new Dropout(config.HiddenDropout, Random);
        int embeddingWidth = config.EmbeddingWidth ?? config.Width;
        tokenEmbedding = new Embedding(config.VocabularySize, embeddingWidth, device, dtype, config.Padding);
        positionEmbedding = config.AddsPositions ? new Embedding(config.MaximumLength, embeddingWidth, device, dtype) : null;
        segmentEmbedding = config.Segments > 0 ? new Embedding(config.Segments, embeddingWidth, device, dtype) : null;
        embeddingProjection = embeddingWidth == config.Width ? null : new Linear(embeddingWidth, config.Width, hasBias: false, device, dtype);
        embeddingNorm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        // As the reference, which has them whether or not anything looks at them.
        distanceEmbedding = config.HasRelativeAttention ? new Embedding(2L * config.DistanceSpan, config.Width, device, dtype) : null;
        distanceNorm = config.NormalizesPositions ? new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype) : null;
        _layers = [.. Enumerable.Range(0, config.Layers).Select(_ => new DebertaV2Layer(config, Random, device, dtype))];
        for (int layer = 0; layer < _layers.Length; layer++) register_module($"layer{layer}", _layers[layer]);
        convolution = config.ConvolutionSize > 0 ? new DebertaV2Convolution(config, Random, device, dtype) : null;
        RegisterComponents();
        WeightNames = DebertaV2WeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override DebertaV2Config Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <summary>The table of tokens, which the head of masked language models shares.</summary>
    internal Embedding TokenEmbedding => tokenEmbedding;

    // An embedding is what a bare backbone's checkpoint is for.
    internal override string HeadedPrefix(ModelHead task) => task == ModelHead.Embedding ? "" : DebertaV2WeightNames.Prefix;

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => DebertaV2WeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    protected override Tensor ReadTokens(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates)
    {
        Require.Argument(segments is null || segmentEmbedding is not null, "The model does not tell the segments of a text apart (type_vocab_size is 0); received segments. Leave them out.", nameof(segments));
        // Only its checks are of use here: padding is barred in another way.
        new EncoderContext(tokens, mask, training, _config.AddsPositions ? _config.MaximumLength : null, segments).Dispose();
        long sequence = tokens.size(1);
        Tensor hidden = tokenEmbedding.forward(tokens);                                            // [batch, sequence, embeddingWidth]
        if (positionEmbedding is not null) hidden = hidden + positionEmbedding.Rows(0, sequence);
        if (segmentEmbedding is not null) hidden = hidden + (segments is null ? segmentEmbedding.Rows(0, 1) : segmentEmbedding.forward(segments));
        if (embeddingProjection is not null) hidden = embeddingProjection.forward(hidden);         // [batch, sequence, width]
        hidden = embeddingNorm.forward(hidden);
        if (mask is not null) hidden = hidden * mask.to(hidden.dtype).unsqueeze(-1);
        hidden = _dropout.Apply(hidden, training);
        hiddenStates?.Add(hidden);
        Tensor embedded = hidden;
        using DebertaV2Distances? distances = _config.UsesDistances ? new DebertaV2Distances(_config, sequence, tokens.device) : null;
        using Tensor? barred = mask is null ? null : Barred(mask);                                 // [batch, 1, sequence, sequence]
        Tensor? table = distances is null ? null : distanceEmbedding!.Rows(distances.FirstRow, distances.RowCount);   // [rows, width]
        if (table is not null && distanceNorm is not null) table = distanceNorm.forward(table);
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            DebertaV2Layer part = _layers[layer];
            hidden = Checkpoints.Run(part, hidden, [table, barred, distances?.Ascending, distances?.Descending],     // [batch, sequence, width]
                (input, shared) => part.Forward(input, shared[0], distances?.With(shared[2]!, shared[3]!), shared[1], part.training));
            Tensor given = hidden;
            if (layer == 0 && convolution is not null) hidden = convolution.Forward(embedded, hidden, mask, training);
            // The last one is what the model gives; of the others the reference records what the layer itself gives, before the convolution joins it.
            hiddenStates?.Add(layer == _layers.Length - 1 ? hidden : given);
        }
        return hidden;
    }

    /// <summary>Normal draws of deviation <see cref="DebertaV2Config.InitializerRange"/>; the row of the padding token and biases are 0, norms 1.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        double deviation = _config.InitializerRange;
        tokenEmbedding.Initialize(random, deviation);
        positionEmbedding?.Initialize(random, deviation);
        segmentEmbedding?.Initialize(random, deviation);
        embeddingProjection?.Initialize(random, deviation);
        embeddingNorm.Initialize();
        distanceEmbedding?.Initialize(random, deviation);
        distanceNorm?.Initialize();
        foreach (DebertaV2Layer layer in _layers) layer.Initialize(random);
        convolution?.Initialize(random);
    }

    /// <summary>Which pairs of tokens do not see each other: those of which one is padding. So padding does not look at the text either, and its hidden states, which an answer's place is chosen among, are as the reference has them.</summary>
    private static Tensor Barred(Tensor mask)
    {
        using IDisposable scope = NewDisposeScope();
        return mask.unsqueeze(1).logical_and(mask.unsqueeze(2)).logical_not().unsqueeze(1).MoveToOuterDisposeScope();
    }
}

/// <summary>One layer: attention, then the feed-forward part, each added to the stream, which is normalised after each.</summary>
internal sealed class DebertaV2Layer : nn.Module
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly Linear? distanceKey;
    private readonly Linear? distanceQuery;
    private readonly Linear attentionOutput;
    private readonly LayerNorm attentionNorm;
    private readonly FeedForward feedForward;
    private readonly LayerNorm feedForwardNorm;
    private readonly DebertaV2Config _config;
    private readonly long _headSize;
    private readonly double _scale;
    private readonly Dropout _attentionDropout;
    private readonly Dropout _dropout;

    public DebertaV2Layer(DebertaV2Config config, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(DebertaV2Layer))
    {
        _config = config;
        _headSize = config.Width / config.Heads;
        // A sum of so many scores; their kinds are counted whether or not attention is relative.
        int kinds = 1 + (config.ContentToPosition ? 1 : 0) + (config.PositionToContent ? 1 : 0);
        _scale = 1 / Math.Sqrt(_headSize * kinds);
        _attentionDropout = new Dropout(config.AttentionDropout, random);
        _dropout = new Dropout(config.HiddenDropout, random);
        query = new Linear(config.Width, config.Width, hasBias: true, device, dtype);
        key = new Linear(config.Width, config.Width, hasBias: true, device, dtype);
        value = new Linear(config.Width, config.Width, hasBias: true, device, dtype);
        bool hasOwnProjections = config.HasRelativeAttention && !config.SharesProjections;
        distanceKey = hasOwnProjections && config.ContentToPosition ? new Linear(config.Width, config.Width, hasBias: true, device, dtype) : null;
        distanceQuery = hasOwnProjections && config.PositionToContent ? new Linear(config.Width, config.Width, hasBias: true, device, dtype) : null;
        attentionOutput = new Linear(config.Width, config.Width, hasBias: true, device, dtype);
        attentionNorm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        feedForward = new FeedForward(config.Width, config.InnerWidth, config.Activation, hasBias: true, device, dtype);
        feedForwardNorm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        RegisterComponents();
    }

    /// <summary>[batch, sequence, width] to the same. The table of distances is [rows, width], or null with them; barred is [batch, 1, sequence, sequence], or null when nothing is padded.</summary>
    public Tensor Forward(Tensor hidden, Tensor? table, DebertaV2Distances? distances, Tensor? barred, bool training)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        Tensor queries = Heads(query.forward(hidden)), keys = Heads(key.forward(hidden)), values = Heads(value.forward(hidden));   // [batch, heads, sequence, headSize]
        Tensor scores = queries.mul(_scale).matmul(keys.transpose(2, 3));                                                         // [batch, heads, sequence, sequence]
        if (table is not null && distances is not null) scores = scores + DistanceScores(queries, keys, _dropout.Apply(table, training), distances);
        if (barred is not null) scores = scores.masked_fill(barred, AttentionBias.Barred(scores.dtype));
        Tensor weights = _attentionDropout.Apply(F.softmax(scores, -1), training);
        Tensor attended = weights.matmul(values).transpose(1, 2).reshape(hidden.shape);                                           // [batch, sequence, width]
        hidden = attentionNorm.forward(hidden + _dropout.Apply(attentionOutput.forward(attended), training));
        Tensor refined = feedForward.forward(hidden);
        return feedForwardNorm.forward(hidden + _dropout.Apply(refined, training)).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        double deviation = _config.InitializerRange;
        foreach (Linear? layer in (Linear?[])[query, key, value, distanceKey, distanceQuery, attentionOutput]) layer?.Initialize(random, deviation);
        attentionNorm.Initialize();
        feedForward.Initialize(random, deviation, deviation);
        feedForwardNorm.Initialize();
    }

    /// <summary>
    /// What contents and relative positions have to say to each other: [batch, heads, sequence, sequence]. Queries score the rows of the distances to their keys, and keys those of the distances to their queries.
    /// </summary>
    private Tensor DistanceScores(Tensor queries, Tensor keys, Tensor table, DebertaV2Distances distances)
    {
        Tensor? contentToPosition = _config.ContentToPosition ? distances.Scores(queries, HeadsOfRows((distanceKey ?? key).forward(table)), descends: true) : null;
        Tensor? positionToContent = _config.PositionToContent ? distances.Scores(keys, HeadsOfRows((distanceQuery ?? query).forward(table)), descends: false).transpose(2, 3) : null;
        return contentToPosition is null ? positionToContent! : positionToContent is null ? contentToPosition : contentToPosition + positionToContent;
    }

    /// <summary>[batch, sequence, width] to [batch, heads, sequence, headSize].</summary>
    private Tensor Heads(Tensor projected) => projected.view(projected.size(0), projected.size(1), _config.Heads, _headSize).transpose(1, 2);

    /// <summary>[rows, width] to [heads, headSize, rows], scaled as scores are.</summary>
    private Tensor HeadsOfRows(Tensor projected) => projected.mul(_scale).view(projected.size(0), _config.Heads, _headSize).permute(1, 2, 0);
}

/// <summary>The relative positions in a text of one length: which row of the table each distance has.</summary>
internal sealed class DebertaV2Distances : IDisposable
{
    private readonly long _sequence;

    public DebertaV2Distances(DebertaV2Config config, long sequence, Device device)
    {
        _sequence = sequence;
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        int span = config.DistanceSpan;
        Tensor distances = arange(1 - sequence, sequence, dtype: ScalarType.Int64);                                           // [2 * sequence - 1]: of a query to a key
        Tensor kinds = config.DistanceBuckets > 0 ? Buckets(distances, config.DistanceBuckets, config.LargestDistance) : distances;
        Tensor rows = (kinds + span).clamp(0, (2 * span) - 1);
        FirstRow = rows.min().item<long>();
        RowCount = rows.max().item<long>() - FirstRow + 1;
        Ascending = (rows - FirstRow).to(device).DetachFromDisposeScope();
        Descending = Ascending.flip(0).DetachFromDisposeScope();
    }

    private DebertaV2Distances(DebertaV2Distances before, Tensor ascending, Tensor descending) =>
        (_sequence, FirstRow, RowCount, Ascending, Descending) = (before._sequence, before.FirstRow, before.RowCount, ascending, descending);

    /// <summary>[2 * sequence - 1]: the row of each distance, from a query at the end of the text and a key at its beginning on.</summary>
    public Tensor Ascending { get; }

    /// <summary>The same from the other end on.</summary>
    public Tensor Descending { get; }

    /// <summary>The first row of the table that any distance has.</summary>
    public long FirstRow { get; }

    /// <summary>How many rows from it on there are distances for.</summary>
    public long RowCount { get; }

    /// <summary>Scores of contents for the rows of distances.</summary>
    /// <param name="contents">[batch, heads, sequence, headSize].</param>
    /// <param name="rows">[heads, headSize, <see cref="RowCount"/>].</param>
    /// <param name="descends">Whether a row's number falls from one column to the next (contents are queries, columns keys) or rises (contents are keys, columns queries).</param>
    /// <returns>[batch, heads, sequence, sequence].</returns>
    public Tensor Scores(Tensor contents, Tensor rows, bool descends)
    {
        (long batch, long heads, long headSize) = (contents.size(0), contents.size(1), contents.size(3));
        long distances = (2 * _sequence) - 1;
        Tensor byDistance = rows.index_select(2, descends ? Descending : Ascending);                                       // [heads, headSize, distances]
        Tensor all = contents.transpose(0, 1).reshape(heads, batch * _sequence, headSize).bmm(byDistance);                   // [heads, batch * sequence, distances]
        // Each content wants the distances from its own place on: a parallelogram, which is a rectangle when rows are read as one element shorter.
        Tensor skewed = all.view(heads, batch, _sequence * distances).narrow(2, _sequence - 1, _sequence * (distances - 1));
        return skewed.view(heads, batch, _sequence, distances - 1).narrow(3, 0, _sequence).transpose(0, 1);
    }

    /// <summary>The same distances in tensors that others own.</summary>
    public DebertaV2Distances With(Tensor ascending, Tensor descending) => new(this, ascending, descending);

    public void Dispose()
    {
        Ascending.Dispose();
        Descending.Dispose();
    }

    /// <summary>Distances up to half the buckets stay; longer ones share buckets that grow with the logarithm, up to the largest distance.</summary>
    private static Tensor Buckets(Tensor distances, int buckets, int largest)
    {
        int exact = buckets / 2;
        // In float32 as the reference, so that distances at the edge of two buckets fall to the same side.
        Tensor far = distances.abs();
        Tensor logarithms = far.to(ScalarType.Float32).div(exact).clamp_min(1).log().div(tensor((float)((largest - 1) / (double)exact)).log());
        Tensor shared = logarithms.mul(exact - 1).ceil().add(exact).to(ScalarType.Int64).mul(distances.sign());
        return distances.where(far.le(exact), shared);
    }
}

/// <summary>A convolution over the embedded text, added to the first layer's output (of DeBERTa-v2's large models).</summary>
internal sealed class DebertaV2Convolution : nn.Module
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly LayerNorm norm;
    private readonly DebertaV2Config _config;
    private readonly Dropout _dropout;
    private readonly Func<Tensor, Tensor> _activation;

    public DebertaV2Convolution(DebertaV2Config config, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(DebertaV2Convolution))
    {
        _config = config;
        _dropout = new Dropout(config.HiddenDropout, random);
        _activation = Activation.ByName(config.ConvolutionActivation);
        weight = Weights.Uninitialized(device, dtype, config.Width, config.Width / config.ConvolutionGroups, config.ConvolutionSize);
        bias = Weights.Uninitialized(device, dtype, config.Width);
        norm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        RegisterComponents();
    }

    /// <summary>All [batch, sequence, width]; the mask [batch, sequence].</summary>
    public Tensor Forward(Tensor embedded, Tensor hidden, Tensor? mask, bool training)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? isReal = mask?.to(hidden.dtype).unsqueeze(-1);                                     // [batch, sequence, 1]
        Tensor convolved = Convolve(embedded);
        if (isReal is not null) convolved = convolved * isReal;
        Tensor output = norm.forward(hidden + _activation(_dropout.Apply(convolved, training)));
        return (isReal is null ? output : output * isReal).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        Initialization.Normal(weight, random, _config.InitializerRange);
        Initialization.Constant(bias, 0);
        norm.Initialize();
    }

    /// <summary>One product a group: the windows of the text, side by side, with the kernel.</summary>
    private Tensor Convolve(Tensor text)
    {
        (long batch, long sequence, long width) = (text.size(0), text.size(1), text.size(2));
        (long size, long groups) = (_config.ConvolutionSize, _config.ConvolutionGroups);
        long groupWidth = width / groups;
        Tensor margin = text.new_zeros([batch, size / 2, width]);
        Tensor padded = cat([margin, text, margin], 1);                                            // [batch, sequence + size - 1, width]
        Tensor windows = stack([.. Enumerable.Range(0, (int)size).Select(place => padded.narrow(1, place, sequence))], -1);   // [batch, sequence, width, size]
        Tensor grouped = windows.view(batch * sequence, groups, groupWidth * size).transpose(0, 1);                           // [groups, batch * sequence, groupWidth * size]
        Tensor kernel = weight.view(groups, groupWidth, groupWidth * size).transpose(1, 2);                                   // [groups, groupWidth * size, groupWidth]
        return grouped.bmm(kernel).transpose(0, 1).reshape(batch, sequence, width) + bias;
    }
}
