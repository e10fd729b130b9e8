using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Bart;

/// <summary>
/// BART (Lewis et al.: "BART: Denoising Sequence-to-Sequence Pre-training for Natural Language Generation, Translation, and Comprehension", 2020) and Marian (Junczys-Dowmunt et al.: "Marian: Fast Neural
/// Machine Translation in C++", 2018): encoder-decoders with biases and norms after each part. BART learns its positions and normalises the embeddings, Marian computes positions as sines and cosines.
/// </summary>
public sealed class BartModel : EncoderDecoderModel
{
    private readonly Embedding embedding;
    private readonly Embedding? targetEmbedding;
    private readonly Embedding? encoderPositions;
    private readonly Embedding? decoderPositions;
    private readonly LayerNorm? encoderNorm;
    private readonly LayerNorm? decoderNorm;
    private Linear? head;
    private readonly Tensor logitsBias;
    private readonly BartFamilyConfig _config;
    private IReadOnlyList<WeightName> _weightNames;
    private readonly BartBlock[] _encoder;
    private readonly BartBlock[] _decoder;
    private readonly SinusoidalPositions _sines;
    private readonly Dropout _dropout;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public BartModel(BartFamilyConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(BartModel))
    {
        Require.NotNull(config).Validate();
        _config = config;
        (_dropout, _sines) = (new Dropout(config.Dropout, Random), new SinusoidalPositions(config.Width));
        embedding = Tokens(config.VocabularySize);
        targetEmbedding = config.SharesEmbeddings ? null : Tokens(config.TargetVocabularySize);
        if (config.LearnsPositions) (encoderPositions, decoderPositions) = (Positions(), Positions());
        if (config.NormalizesEmbeddings) (encoderNorm, decoderNorm) = (new LayerNorm(config.Width, device: device, dtype: dtype), new LayerNorm(config.Width, device: device, dtype: dtype));
        _encoder = [.. Enumerable.Range(0, config.EncoderLayers).Select(_ => new BartBlock(config, isDecoder: false, Random, device, dtype))];
        _decoder = [.. Enumerable.Range(0, config.DecoderLayers).Select(_ => new BartBlock(config, isDecoder: true, Random, device, dtype))];
        for (int layer = 0; layer < _encoder.Length; layer++) register_module($"encoder{layer}", _encoder[layer]);
        for (int layer = 0; layer < _decoder.Length; layer++) register_module($"decoder{layer}", _decoder[layer]);
        head = config.TieEmbeddings ? null : new Linear(config.Width, config.TargetVocabularySize, hasBias: false, device, dtype);
        // A buffer: it is loaded, added and saved, but not trained.
        logitsBias = zeros([1, config.TargetVocabularySize], dtype: dtype, device: device).DetachFromDisposeScope();
        RegisterComponents();
        _weightNames = BartWeightNames.Table(config);

        Embedding Tokens(int rows) => new(rows, config.Width, device, dtype, padding: config.Padding < rows ? config.Padding : null);

        Embedding Positions() => new(config.MaximumLength + BartConfig.PositionOffset, config.Width, device, dtype);
    }

    /// <inheritdoc/>
    public override BartFamilyConfig Config => _config;

    /// <inheritdoc/>
    public override int DecoderStart => _config.DecoderStart;

    /// <inheritdoc/>
    public override int TargetVocabularySize => _config.TargetVocabularySize;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => _weightNames;

    internal override IEnumerable<Embedding> TokenEmbeddings => targetEmbedding is null ? [embedding] : [embedding, targetEmbedding];

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => BartWeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    protected override Tensor EncodeTokens(Tensor tokens, Tensor? mask, ICollection<Tensor>? hiddenStates)
    {
        using EncoderContext context = new(tokens, mask, training, _config.MaximumLength);
        Tensor? numbers = mask?.to(ScalarType.Int64).cumsum(1).sub(1).clamp_min(0);                             // [batch, source]: each token's number among the real ones
        Tensor hidden = Embedded(embedding, tokens, encoderPositions, numbers, start: 0, encoderNorm);          // [batch, source, width]
        Tensor? bias = context.Bias(hidden.device, hidden.dtype);
        foreach (BartBlock block in _encoder)
        {
            hiddenStates?.Add(hidden);
            if (IsLeftOut(_config.EncoderLayerDrop)) continue;
            hidden = Float16Range.Clamp(Checkpoints.Run(block, hidden, [bias], (input, shared) => block.Forward(input, shared[0])));   // [batch, source, width]
        }
        hiddenStates?.Add(hidden);
        return hidden;
    }

    /// <inheritdoc/>
    protected override Tensor DecodeTokens(Tensor tokens, Tensor memory, Tensor? memoryMask, DecoderCache? cache, Tensor? mask, ICollection<Tensor>? hiddenStates)
    {
        EncoderDecoderCache? kept = EncoderDecoderCache.Of(cache);
        using DecoderContext context = new(tokens, mask, kept?.Target, training, _config.MaximumLength);
        using MemoryContext source = new(tokens, memory, memoryMask, kept, _config.Width);
        Tensor hidden = Embedded(targetEmbedding ?? embedding, tokens, decoderPositions, context.Positions(), context.Start, decoderNorm);   // [batch, target, width]
        Tensor? bias = context.Bias(hidden.device, hidden.dtype);
        for (int layer = 0; layer < _decoder.Length; layer++)
        {
            hiddenStates?.Add(hidden);
            // A cache needs all layers.
            if (kept is null && IsLeftOut(_config.DecoderLayerDrop)) continue;
            (BartBlock block, int place) = (_decoder[layer], layer);
            hidden = Checkpoints.Run(block, hidden, [bias, source.Memory, source.Mask],                                                       // [batch, target, width]
                (input, shared) => block.Forward(input, shared[0], place, source.With(shared[1]!, shared[2])), kept is null);
        }
        kept?.Advance(tokens.size(1));
        hiddenStates?.Add(hidden);
        return hidden;
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor hidden) =>
        (_config.TieEmbeddings ? (targetEmbedding ?? embedding).Scores(hidden) : Present(head).forward(hidden)).add_(logitsBias);

    /// <inheritdoc/>
    public override EncoderDecoderCache CreateCache(long batch, long capacity) =>
        new(_config.DecoderLayers, batch, _config.DecoderHeads, Math.Min(capacity, _config.MaximumLength), _config.Width / _config.DecoderHeads, Device, WeightType);

    /// <summary>Normal draws of deviation <see cref="BartFamilyConfig.InitializerRange"/>; biases and the rows of padding are 0, norms 1.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        double deviation = _config.InitializerRange;
        foreach (Embedding? table in (Embedding?[])[embedding, targetEmbedding, encoderPositions, decoderPositions]) table?.Initialize(random, deviation);
        encoderNorm?.Initialize();
        decoderNorm?.Initialize();
        foreach (BartBlock block in _encoder.Concat(_decoder)) block.Initialize(random, deviation);
        head?.Initialize(random, deviation);
        using IDisposable withoutGradients = no_grad();
        logitsBias.zero_();
    }

    /// <summary>Tokens and their positions.</summary>
    /// <param name="table">The tokens' table.</param>
    /// <param name="tokens">[batch, sequence].</param>
    /// <param name="learned">The positions' table; null: they are computed.</param>
    /// <param name="numbers">[batch, sequence]: the positions; null: <paramref name="start"/>, <paramref name="start"/> + 1, ...</param>
    /// <param name="start">The first position.</param>
    /// <param name="norm">Applied to the sum; null: none.</param>
    /// <returns>[batch, sequence, width].</returns>
    private Tensor Embedded(Embedding table, Tensor tokens, Embedding? learned, Tensor? numbers, long start, LayerNorm? norm)
    {
        Tensor words = table.forward(tokens);                                                               // [batch, sequence, width]
        if (_config.ScaleEmbedding) words = words * Math.Sqrt(_config.Width);
        long sequence = tokens.size(1);
        Tensor positions = (learned, numbers) switch
        {
            (null, null) => _sines.Rows(start, sequence, words.device, words.dtype),                        // [sequence, width]
            (null, _) => _sines.Rows(0, start + sequence, words.device, words.dtype).index_select(0, numbers.reshape(-1)).view(words.shape),
            (_, null) => learned.Rows(start + BartConfig.PositionOffset, sequence),                         // [sequence, width]
            _ => learned.forward(numbers + BartConfig.PositionOffset),                                      // [batch, sequence, width]
        };
        Tensor sum = words + positions;
        return _dropout.Apply(norm is null ? sum : norm.forward(sum), training);
    }

    /// <summary>Whether a layer is left out this time.</summary>
    private bool IsLeftOut(double probability) => training && probability > 0 && Random.Stream.NextDouble() < probability;

    internal override void DropHead()
    {
        if (!_config.TieEmbeddings) Free(nameof(head), ref head);
        _weightNames = [.. _weightNames.Where(weight => weight.Kind != WeightKind.Output)];
    }
}

/// <summary>One layer: attention, in a decoder attention to the memory, and the feed-forward part, each added to the stream, which is then normalised.</summary>
internal sealed class BartBlock : nn.Module
{
    private readonly EncoderDecoderAttention attention;
    private readonly LayerNorm attentionNorm;
    private readonly EncoderDecoderAttention? memoryAttention;
    private readonly LayerNorm? memoryNorm;
    private readonly FeedForward feedForward;
    private readonly LayerNorm feedForwardNorm;
    private readonly Dropout _dropout;

    public BartBlock(BartFamilyConfig config, bool isDecoder, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(BartBlock))
    {
        (int heads, int innerWidth) = isDecoder ? (config.DecoderHeads, config.DecoderInnerWidth) : (config.EncoderHeads, config.EncoderInnerWidth);
        int headSize = config.Width / heads;
        Dropout attentionDropout = new(config.AttentionDropout, random);
        _dropout = new Dropout(config.Dropout, random);
        (attention, attentionNorm) = (Attention(), Norm());
        if (isDecoder) (memoryAttention, memoryNorm) = (Attention(), Norm());
        feedForward = new FeedForward(config.Width, innerWidth, config.Activation, hasBias: true, device, dtype, innerDropout: new Dropout(config.ActivationDropout, random));
        feedForwardNorm = Norm();
        RegisterComponents();

        LayerNorm Norm() => new(config.Width, device: device, dtype: dtype);

        EncoderDecoderAttention Attention() => new(config.Width, heads, headSize, 1 / Math.Sqrt(headSize), hasBias: true, attentionDropout, device, dtype);
    }

    /// <summary>[batch, queries, width] to the same; the bias broadcasts to [batch, heads, queries, keys].</summary>
    public Tensor Forward(Tensor hidden, Tensor? bias, int layer = 0, MemoryContext? source = null)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        hidden = attentionNorm.forward(hidden + _dropout.Apply(attention.OnText(hidden, bias, layer, source?.Cache?.Target), training));
        if (source is not null) hidden = memoryNorm!.forward(hidden + _dropout.Apply(memoryAttention!.OnMemory(hidden, layer, source), training));
        return feedForwardNorm.forward(hidden + _dropout.Apply(feedForward.forward(hidden), training)).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random, double deviation)
    {
        foreach (EncoderDecoderAttention? part in (EncoderDecoderAttention?[])[attention, memoryAttention]) part?.Initialize(random, deviation, deviation, deviation);
        feedForward.Initialize(random, deviation, deviation);
        foreach (LayerNorm? norm in (LayerNorm?[])[attentionNorm, memoryNorm, feedForwardNorm]) norm?.Initialize();
    }
}
