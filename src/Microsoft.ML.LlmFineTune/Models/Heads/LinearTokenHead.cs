using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>Dropout and a linear layer on each hidden state: what most families have for classes of tokens and for the ends of answers.</summary>
public sealed class LinearTokenHead : TokenHead
{
    private readonly Linear classifier;
    private readonly Dropout _dropout;
    private readonly double _deviation;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers and its dropout stream are looked at.</param>
    /// <param name="outputs">Numbers a token; at least 1.</param>
    /// <param name="fileName">What checkpoints call the layer, for example "classifier" or "qa_outputs".</param>
    /// <param name="dropout">Dropout before the layer; from 0 to less than 1.</param>
    /// <param name="standardDeviation">Of the initial weights; at least 0.</param>
    public LinearTokenHead(BackboneModel backbone, int outputs, string fileName, double dropout = 0, double standardDeviation = 0.02) : base(nameof(LinearTokenHead))
    {
        Require.NotNull(backbone);
        _dropout = new Dropout(dropout, backbone.Random);
        _deviation = Require.NotNegative(standardDeviation);
        classifier = new Linear(backbone.Config.Width, outputs, hasBias: true, backbone.Device, backbone.WeightType);
        RegisterComponents();
        WeightNames = [new($"{fileName}.weight", "classifier.weight", WeightKind.Output), new($"{fileName}.bias", "classifier.bias", WeightKind.Output)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden) => classifier.forward(_dropout.Apply(hidden, training));

    /// <inheritdoc/>
    public override void Initialize(RandomStream random) => classifier.Initialize(random, _deviation);
}
