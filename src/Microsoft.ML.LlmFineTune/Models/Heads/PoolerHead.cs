using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>The first token's hidden state through a layer and tanh: BERT's pooler (Devlin et al., 2019).</summary>
public sealed class PoolerHead : SequenceHead
{
    private readonly Linear dense;
    private readonly double _deviation;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers are looked at.</param>
    /// <param name="name">What checkpoints call the layer, for example "pooler.dense".</param>
    /// <param name="standardDeviation">Of the initial weights; at least 0.</param>
    public PoolerHead(BackboneModel backbone, string name, double standardDeviation = 0.02) : base(nameof(PoolerHead))
    {
        Require.NotNull(backbone);
        _deviation = Require.NotNegative(standardDeviation);
        dense = new Linear(backbone.Config.Width, backbone.Config.Width, hasBias: true, backbone.Device, backbone.WeightType);
        RegisterComponents();
        WeightTable weights = new();
        weights.Module(WeightKind.Output, name, nameof(dense));
        WeightNames = weights;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask) => dense.forward(Require.NotNull(hidden).select(1, 0)).tanh();

    /// <inheritdoc/>
    public override void Initialize(RandomStream random) => dense.Initialize(random, _deviation);
}
