using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Dropout = Microsoft.ML.LlmFineTune.Layers.Dropout;
using F = TorchSharp.torch.nn.functional;
using LayerNorm = Microsoft.ML.LlmFineTune.Layers.LayerNorm;
using Linear = Microsoft.ML.LlmFineTune.Layers.Linear;

namespace Microsoft.ML.LlmFineTune.Models.DebertaV2;

/// <summary>Numbers for each text: a linear layer and an activation on the first hidden state (the pooler), then a linear layer.</summary>
internal sealed class DebertaV2SequenceHead : SequenceHead
{
    private readonly Linear pooler;
    private readonly Linear classifier;
    private readonly Dropout _poolerDropout;
    private readonly Dropout _pooledDropout;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly double _deviation;

    public DebertaV2SequenceHead(DebertaV2Config config, BackboneModel backbone, int outputs) : base(nameof(DebertaV2SequenceHead))
    {
        _deviation = config.InitializerRange;
        _poolerDropout = new Dropout(config.PoolerDropout, backbone.Random);
        _pooledDropout = new Dropout(config.PooledDropout ?? config.HiddenDropout, backbone.Random);
        _activation = Activation.ByName(config.PoolerActivation);
        pooler = new Linear(config.Width, config.Width, hasBias: true, backbone.Device, backbone.WeightType);
        classifier = new Linear(config.Width, outputs, hasBias: true, backbone.Device, backbone.WeightType);
        RegisterComponents();
        WeightTable table = new();
        table.Module(WeightKind.Output, "pooler.dense", "pooler");
        table.Module(WeightKind.Output, "classifier", "classifier");
        WeightNames = table;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask)
    {
        Tensor pooled = _activation(pooler.forward(_poolerDropout.Apply(hidden.select(1, 0), training)));   // [batch, width]
        return classifier.forward(_pooledDropout.Apply(pooled, training));
    }

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        pooler.Initialize(random, _deviation);
        classifier.Initialize(random, _deviation);
    }
}

/// <summary>
/// Scores for every token of the vocabulary: a linear layer, an activation, a norm, and the token embedding. The legacy head works in the embedding's width and may have a table of its own;
/// the other one, which pretraining had, works in the hidden states' width.
/// </summary>
internal sealed class DebertaV2MaskedTokenHead : TokenHead
{
    /// <summary>What the names of the legacy head begin with.</summary>
    public const string LegacyName = "cls.predictions.transform";

    /// <summary>What the names of the other head begin with.</summary>
    public const string PretrainedName = "lm_predictions.lm_head";

    private readonly Linear dense;
    private readonly LayerNorm norm;
    private readonly Parameter? weight;
    private readonly Parameter bias;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly double _deviation;
    // A field of the embedding's own type would register it a second time.
    private readonly Func<Tensor> _table;

    public DebertaV2MaskedTokenHead(DebertaV2Config config, DebertaV2Model backbone) : base(nameof(DebertaV2MaskedTokenHead))
    {
        int embeddingWidth = config.EmbeddingWidth ?? config.Width;
        Require.Argument(config.HasLegacyHead || embeddingWidth == config.Width,
            $"The head of masked language models that is not the legacy one needs embeddings of the hidden states' width; received EmbeddingWidth {embeddingWidth} and Width {config.Width}. Set HasLegacyHead to true.", nameof(config));
        (Device device, ScalarType dtype) = (backbone.Device, backbone.WeightType);
        _deviation = config.InitializerRange;
        _activation = Activation.ByName(config.Activation);
        dense = new Linear(config.Width, embeddingWidth, hasBias: true, device, dtype);
        norm = new LayerNorm(embeddingWidth, config.NormEpsilon, hasBias: true, device, dtype);
        bool isTied = config.TieEmbeddings || !config.HasLegacyHead;
        weight = isTied ? null : Weights.Uninitialized(device, dtype, config.VocabularySize, embeddingWidth);
        bias = Weights.Uninitialized(device, dtype, config.VocabularySize);
        _table = weight is null ? () => backbone.TokenEmbedding.Weight : () => weight;
        RegisterComponents();
        string file = config.HasLegacyHead ? LegacyName : PretrainedName;
        WeightTable table = new();
        table.Module(WeightKind.Output, $"{file}.dense", "dense");
        table.Norm($"{file}.LayerNorm", "norm");
        if (weight is not null) table.Add(WeightKind.Output, "cls.predictions.decoder.weight", "weight");
        table.Add(WeightKind.Output, !config.HasLegacyHead ? $"{PretrainedName}.bias" : isTied ? "cls.predictions.bias" : "cls.predictions.decoder.bias", "bias");
        WeightNames = table;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden) => SummedProduct.Apply(norm.forward(_activation(dense.forward(hidden))), _table(), bias);

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        dense.Initialize(random, _deviation);
        norm.Initialize();
        if (weight is not null) Initialization.Normal(weight, random, _deviation);
        Initialization.Constant(bias, 0);
    }
}

/// <summary>A score for each token, which looks at the first token too: the head of DeBERTa-v3's pretraining.</summary>
internal sealed class DebertaV2ReplacedTokenHead : TokenHead
{
    private readonly LayerNorm norm;
    private readonly Linear dense;
    private readonly Linear classifier;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly double _deviation;

    public DebertaV2ReplacedTokenHead(DebertaV2Config config, BackboneModel backbone) : base(nameof(DebertaV2ReplacedTokenHead))
    {
        (Device device, ScalarType dtype) = (Require.NotNull(backbone).Device, backbone.WeightType);
        _deviation = config.InitializerRange;
        _activation = Activation.ByName(config.Activation);
        norm = new LayerNorm(config.Width, config.NormEpsilon, hasBias: true, device, dtype);
        dense = new Linear(config.Width, config.Width, hasBias: true, device, dtype);
        classifier = new Linear(config.Width, 1, hasBias: true, device, dtype);
        RegisterComponents();
        WeightTable table = new();
        table.Norm("mask_predictions.LayerNorm", "norm");
        table.Module(WeightKind.Output, "mask_predictions.dense", "dense");
        table.Module(WeightKind.Output, "mask_predictions.classifier", "classifier");
        WeightNames = table;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    /// <remarks>Hidden states are [batch, sequence, width], of whole texts.</remarks>
    public override Tensor Forward(Tensor hidden) => classifier.forward(_activation(dense.forward(norm.forward(hidden + hidden.narrow(-2, 0, 1)))));

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        norm.Initialize();
        dense.Initialize(random, _deviation);
        classifier.Initialize(random, _deviation);
    }
}
