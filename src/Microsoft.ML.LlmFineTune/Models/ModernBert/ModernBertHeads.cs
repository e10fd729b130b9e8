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

namespace Microsoft.ML.LlmFineTune.Models.ModernBert;

/// <summary>What all of ModernBERT's heads begin with: a linear layer, an activation and a norm.</summary>
internal sealed class ModernBertPrediction : nn.Module<Tensor, Tensor>
{
    private readonly Linear dense;
    private readonly LayerNorm norm;
    private readonly ModernBertConfig _config;
    private readonly Func<Tensor, Tensor> _activation;

    public ModernBertPrediction(ModernBertConfig config, Device device, ScalarType dtype) : base(nameof(ModernBertPrediction))
    {
        _config = config;
        _activation = Activation.ByName(config.HeadActivation);
        dense = new Linear(config.Width, config.Width, config.HasHeadBias, device, dtype);
        norm = new LayerNorm(config.Width, config.NormEpsilon, config.HasNormBias, device, dtype);
        RegisterComponents();
    }

    /// <summary>The lines of its tensors, for a head that has it as <c>prediction</c>.</summary>
    public static WeightTable Names(ModernBertConfig config)
    {
        WeightTable table = new();
        table.Module(WeightKind.Output, "head.dense", "prediction.dense", config.HasHeadBias);
        table.Norm("head.norm", "prediction.norm", config.HasNormBias);
        return table;
    }

    /// <summary>[.., width] to the same.</summary>
    public override Tensor forward(Tensor hidden) => norm.forward(_activation(dense.forward(hidden)));

    public void Initialize(RandomStream random)
    {
        dense.Initialize(random, _config.OutputDeviation, _config.InitializerCutoff);
        norm.Initialize();
    }
}

/// <summary>Scores for every token of the vocabulary, by the token embedding where the two are tied.</summary>
internal sealed class ModernBertMaskedTokenHead : TokenHead
{
    private readonly ModernBertPrediction prediction;
    private readonly Parameter? weight;
    private readonly Parameter? bias;
    private readonly ModernBertConfig _config;
    // A field of the embedding's own type would register it a second time.
    private readonly Func<Tensor> _table;

    public ModernBertMaskedTokenHead(ModernBertConfig config, ModernBertModel backbone) : base(nameof(ModernBertMaskedTokenHead))
    {
        (_config, Device device, ScalarType dtype) = (config, backbone.Device, backbone.WeightType);
        prediction = new ModernBertPrediction(config, device, dtype);
        weight = config.TieEmbeddings ? null : Weights.Uninitialized(device, dtype, config.VocabularySize, config.Width);
        bias = config.HasDecoderBias ? Weights.Uninitialized(device, dtype, config.VocabularySize) : null;
        _table = weight is null ? () => backbone.TokenEmbedding.Weight : () => weight;
        RegisterComponents();
        WeightTable table = ModernBertPrediction.Names(config);
        if (weight is not null) table.Add(WeightKind.Output, "decoder.weight", "weight");
        if (bias is not null) table.Add(WeightKind.Output, "decoder.bias", "bias");
        WeightNames = table;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden) => SummedProduct.Apply(prediction.forward(hidden), _table(), bias);

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        prediction.Initialize(random);
        if (weight is not null) Initialization.Normal(weight, random, _config.OutputDeviation, _config.InitializerCutoff);
        if (bias is not null) Initialization.Constant(bias, 0);
    }
}

/// <summary>Numbers for each token: its class, or whether it begins or ends an answer.</summary>
internal sealed class ModernBertTokenHead : TokenHead
{
    private readonly ModernBertPrediction prediction;
    private readonly Linear classifier;
    private readonly ModernBertConfig _config;
    private readonly Dropout _dropout;

    public ModernBertTokenHead(ModernBertConfig config, BackboneModel backbone, int outputs) : base(nameof(ModernBertTokenHead))
    {
        _config = config;
        _dropout = new Dropout(config.ClassifierDropout, backbone.Random);
        prediction = new ModernBertPrediction(config, backbone.Device, backbone.WeightType);
        classifier = new Linear(config.Width, outputs, hasBias: true, backbone.Device, backbone.WeightType);
        RegisterComponents();
        WeightTable table = ModernBertPrediction.Names(config);
        table.Module(WeightKind.Output, "classifier", "classifier");
        WeightNames = table;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden) => classifier.forward(_dropout.Apply(prediction.forward(hidden), training));

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        prediction.Initialize(random);
        classifier.Initialize(random, 1 / Math.Sqrt(_config.Width), _config.InitializerCutoff);
    }
}

/// <summary>Numbers for each text: the same as for a token, on the first hidden state or on the mean.</summary>
internal sealed class ModernBertSequenceHead : SequenceHead
{
    private readonly ModernBertTokenHead token;
    private readonly ModernBertConfig _config;

    public ModernBertSequenceHead(ModernBertConfig config, BackboneModel backbone, int outputs) : base(nameof(ModernBertSequenceHead))
    {
        _config = config;
        token = new ModernBertTokenHead(config, backbone, outputs);
        RegisterComponents();
        WeightNames = [.. token.WeightNames.Select(name => name with { Parameter = $"token.{name.Parameter}" })];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    /// <remarks>The mean goes over what the mask allows; without a mask, over everything, as in the reference.</remarks>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask) => token.Forward(SequencePooling.Apply(_config.ClassifierPooling, hidden, tokens, mask, padding: null));

    /// <inheritdoc/>
    public override void Initialize(RandomStream random) => token.Initialize(random);
}
