using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.T5;

/// <summary>
/// T5 (Raffel et al.: "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", 2020): an encoder-decoder without biases, with root-mean-square norms before each
/// part and learned biases for relative positions. T5 1.1 and Flan-T5 gate the feed-forward part and have an output head of their own.
/// </summary>
public sealed class T5Model : EncoderDecoderModel
{
    private readonly Embedding embedding;
    private readonly T5Stack encoder;
    private readonly T5Stack decoder;
    private Linear? head;
    private readonly T5Config _config;
    private IReadOnlyList<WeightName> _weightNames;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape, with a decoder.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public T5Model(T5Config config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(T5Model))
    {
        Require.NotNull(config).Validate();
        Require.Argument(config.HasDecoder, $"A {nameof(T5Model)} needs a configuration with a decoder; received one without. Take {nameof(T5EncoderModel)}.", nameof(config));
        _config = config;
        embedding = new Embedding(config.VocabularySize, config.Width, device, dtype);
        encoder = new T5Stack(config, config.EncoderLayers, isDecoder: false, Random, device, dtype);
        decoder = new T5Stack(config, config.DecoderLayers, isDecoder: true, Random, device, dtype);
        head = config.TieEmbeddings ? null : new Linear(config.Width, config.VocabularySize, hasBias: false, device, dtype);
        RegisterComponents();
        _weightNames = T5WeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override T5Config Config => _config;

    /// <inheritdoc/>
    public override int DecoderStart => _config.DecoderStart;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => _weightNames;

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => T5WeightNames.Canonical(file, _config);

    internal override string HeadedPrefix(ModelHead task) => task == ModelHead.SequenceClassification ? T5WeightNames.WrappedPrefix : "";

    /// <inheritdoc/>
    protected override Tensor EncodeTokens(Tensor tokens, Tensor? mask, ICollection<Tensor>? hiddenStates)
    {
        using EncoderContext context = new(tokens, mask, training, maximumLength: null);
        return encoder.Forward(embedding.forward(tokens), context.Bias(Device, WeightType), Checkpoints, hiddenStates);
    }

    /// <inheritdoc/>
    protected override Tensor DecodeTokens(Tensor tokens, Tensor memory, Tensor? memoryMask, DecoderCache? cache, Tensor? mask, ICollection<Tensor>? hiddenStates)
    {
        EncoderDecoderCache? kept = EncoderDecoderCache.Of(cache);
        using DecoderContext context = new(tokens, mask, kept?.Target, training, _config.MaximumLength);
        using MemoryContext source = new(tokens, memory, memoryMask, kept, _config.Width);
        Tensor hidden = decoder.Forward(embedding.forward(tokens), context.Bias(Device, WeightType), Checkpoints, hiddenStates, source);
        kept?.Advance(tokens.size(1));
        return hidden;
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor hidden)
    {
        Require.NotNull(hidden);
        Tensor scaled = _config.ScaleDecoderOutputs ? hidden * Math.Pow(_config.Width, -0.5) : hidden;
        return _config.TieEmbeddings ? embedding.Scores(scaled) : Present(head).forward(scaled);
    }

    /// <inheritdoc/>
    public override EncoderDecoderCache CreateCache(long batch, long capacity) =>
        new(_config.DecoderLayers, batch, _config.Heads, capacity, _config.HeadSize, Device, WeightType);

    /// <summary>
    /// Normal draws that keep variances: deviation 1 for embedding and head, 1 / sqrt(inputs) for projections, for queries divided by the square root of the head size, since scores are not; all times
    /// <see cref="T5Config.InitializerFactor"/>, which norms begin with.
    /// </summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        embedding.Initialize(random, _config.InitializerFactor);
        encoder.Initialize(random);
        decoder.Initialize(random);
        head?.Initialize(random, _config.InitializerFactor);
    }

    internal override void DropHead()
    {
        if (_config.TieEmbeddings) return;
        Free(nameof(head), ref head);
        _weightNames = [.. _weightNames.Where(weight => weight.Kind != WeightKind.Output)];
    }
}

/// <summary>An encoder, or a decoder: layers over embedded tokens, and a norm.</summary>
internal sealed class T5Stack : nn.Module
{
    private readonly RelativePositionBias relativePositions;
    private readonly RmsNorm finalNorm;
    private readonly T5Config _config;
    private readonly T5Block[] _blocks;
    private readonly Dropout _dropout;

    public T5Stack(T5Config config, int layers, bool isDecoder, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(T5Stack))
    {
        _config = config;
        _dropout = new Dropout(config.Dropout, random);
        relativePositions = new RelativePositionBias(config.PositionBuckets, config.MaximumDistance, config.Heads, bothSides: !isDecoder, device, dtype);
        _blocks = [.. Enumerable.Range(0, layers).Select(_ => new T5Block(config, isDecoder, random, device, dtype))];
        for (int layer = 0; layer < layers; layer++) register_module($"block{layer}", _blocks[layer]);
        finalNorm = new RmsNorm(config.Width, config.NormEpsilon, device: device, dtype: dtype);
        RegisterComponents();
    }

    /// <summary>Reads embedded tokens.</summary>
    /// <param name="embedded">[batch, queries, width].</param>
    /// <param name="barred">What bars keys, broadcasts to [batch, heads, queries, keys]; null: nothing is barred.</param>
    /// <param name="checkpoints">What the layers are applied through.</param>
    /// <param name="hiddenStates">Receives the input of the first layer and the output of every layer.</param>
    /// <param name="source">What a decoder looks at; null for an encoder.</param>
    /// <returns>[batch, queries, width].</returns>
    public Tensor Forward(Tensor embedded, Tensor? barred, ActivationCheckpoints checkpoints, ICollection<Tensor>? hiddenStates, MemoryContext? source = null)
    {
        Tensor hidden = _dropout.Apply(embedded, training);
        long queries = embedded.size(1);
        Tensor bias = relativePositions.Between(queries, queries + (source?.Cache?.Length ?? 0));   // [1, heads, queries, keys]
        if (barred is not null) bias = bias + barred;                                                // [batch or 1, heads, queries, keys]
        for (int layer = 0; layer < _blocks.Length; layer++)
        {
            hiddenStates?.Add(hidden);
            (T5Block block, int place) = (_blocks[layer], layer);
            hidden = checkpoints.Run(block, hidden, [bias, source?.Memory, source?.Mask],            // [batch, queries, width]
                (input, shared) => block.Forward(input, shared[0]!, place, source?.With(shared[1]!, shared[2])), source?.Cache is null);
        }
        hidden = _dropout.Apply(finalNorm.forward(hidden), training);
        hiddenStates?.Add(hidden);
        return hidden;
    }

    public void Initialize(RandomStream random)
    {
        relativePositions.Initialize(random, _config.InitializerFactor / Math.Sqrt(_config.Width));
        foreach (T5Block block in _blocks) block.Initialize(random);
        finalNorm.Initialize(_config.InitializerFactor);
    }
}

/// <summary>One layer: attention, in a decoder attention to the memory, and the feed-forward part, each on the normalised stream and added to it.</summary>
internal sealed class T5Block : nn.Module
{
    private readonly RmsNorm attentionNorm;
    private readonly EncoderDecoderAttention attention;
    private readonly RmsNorm? memoryNorm;
    private readonly EncoderDecoderAttention? memoryAttention;
    private readonly RmsNorm feedForwardNorm;
    private readonly nn.Module<Tensor, Tensor> feedForward;
    private readonly T5Config _config;
    private readonly Dropout _dropout;

    public T5Block(T5Config config, bool isDecoder, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(T5Block))
    {
        _config = config;
        _dropout = new Dropout(config.Dropout, random);
        (attentionNorm, attention) = (Norm(), Attention());
        if (isDecoder) (memoryNorm, memoryAttention) = (Norm(), Attention());
        feedForwardNorm = Norm();
        feedForward = config.IsGated
            ? new GatedFeedForward(config.Width, config.InnerWidth, config.Activation, hasBias: false, device, dtype, innerDropout: _dropout)
            : new FeedForward(config.Width, config.InnerWidth, config.Activation, hasBias: false, device, dtype, innerDropout: _dropout);
        RegisterComponents();

        RmsNorm Norm() => new(config.Width, config.NormEpsilon, device: device, dtype: dtype);

        // The scores are not scaled: the initial weights of the queries make up for it.
        EncoderDecoderAttention Attention() => new(config.Width, config.Heads, config.HeadSize, scale: 1, hasBias: false, _dropout, device, dtype);
    }

    /// <summary>[batch, queries, width] to the same; the bias broadcasts to [batch, heads, queries, keys].</summary>
    public Tensor Forward(Tensor hidden, Tensor bias, int layer, MemoryContext? source)
    {
        // What the gradient does not need is free for the next layer.
        using DisposeScope scope = NewDisposeScope();
        hidden = Sum(hidden, attention.OnText(attentionNorm.forward(hidden), bias, layer, source?.Cache?.Target));
        if (source is not null) hidden = Sum(hidden, memoryAttention!.OnMemory(memoryNorm!.forward(hidden), layer, source));
        return Sum(hidden, feedForward.forward(feedForwardNorm.forward(hidden))).MoveToOuterDisposeScope();
    }

    public void Initialize(RandomStream random)
    {
        double factor = _config.InitializerFactor, inner = factor / Math.Sqrt(_config.InnerWidth), width = factor / Math.Sqrt(_config.Width);
        foreach (RmsNorm? norm in (RmsNorm?[])[attentionNorm, memoryNorm, feedForwardNorm]) norm?.Initialize(factor);
        foreach (EncoderDecoderAttention? part in (EncoderDecoderAttention?[])[attention, memoryAttention])
            part?.Initialize(random, factor / Math.Sqrt((double)_config.Width * _config.HeadSize), width, factor / Math.Sqrt((double)_config.Heads * _config.HeadSize));
        if (feedForward is GatedFeedForward gated) gated.Initialize(random, width, inner);
        else ((FeedForward)feedForward).Initialize(random, width, inner);
    }

    private Tensor Sum(Tensor hidden, Tensor part) => Float16Range.Clamp(hidden + _dropout.Apply(part, training));
}
