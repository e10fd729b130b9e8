using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>A layer, an activation, and a layer that scores, on each hidden state: ELECTRA's detector of replaced tokens.</summary>
public sealed class DenseTokenHead : TokenHead
{
    private readonly Linear dense;
    private readonly Linear output;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly double _deviation;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers are looked at.</param>
    /// <param name="outputs">Numbers a token; at least 1.</param>
    /// <param name="denseName">What checkpoints call the first layer.</param>
    /// <param name="outputName">What checkpoints call the last layer.</param>
    /// <param name="activation">A name that <see cref="Activation"/> knows.</param>
    /// <param name="standardDeviation">Of the initial weights; at least 0.</param>
    public DenseTokenHead(BackboneModel backbone, int outputs, string denseName, string outputName, string activation, double standardDeviation = 0.02) : base(nameof(DenseTokenHead))
    {
        Require.NotNull(backbone);
        (_activation, _deviation) = (Activation.ByName(activation), Require.NotNegative(standardDeviation));
        int width = backbone.Config.Width;
        dense = new Linear(width, width, hasBias: true, backbone.Device, backbone.WeightType);
        output = new Linear(width, outputs, hasBias: true, backbone.Device, backbone.WeightType);
        RegisterComponents();
        WeightTable weights = new();
        weights.Module(WeightKind.Output, denseName, nameof(dense));
        weights.Module(WeightKind.Output, outputName, nameof(output));
        WeightNames = weights;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden) => output.forward(_activation(dense.forward(hidden)));

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        dense.Initialize(random, _deviation);
        output.Initialize(random, _deviation);
    }
}
