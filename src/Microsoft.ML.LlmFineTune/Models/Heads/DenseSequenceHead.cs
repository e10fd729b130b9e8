using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>The first token's hidden state, a layer, an activation, and a layer that scores: what most encoders have for classes of texts.</summary>
public sealed class DenseSequenceHead : SequenceHead
{
    private readonly Linear dense;
    private readonly Linear output;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly Dropout _before;
    private readonly Dropout _after;
    private readonly double _deviation;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers and its dropout stream are looked at.</param>
    /// <param name="outputs">Numbers a text; at least 1.</param>
    /// <param name="denseName">What checkpoints call the first layer, for example "bert.pooler.dense".</param>
    /// <param name="outputName">What checkpoints call the last layer, for example "classifier".</param>
    /// <param name="activation">A name that <see cref="Activation"/> knows.</param>
    /// <param name="dropoutBefore">Dropout before the first layer; from 0 to less than 1.</param>
    /// <param name="dropoutAfter">Dropout before the last layer; from 0 to less than 1.</param>
    /// <param name="standardDeviation">Of the initial weights; at least 0.</param>
    public DenseSequenceHead(BackboneModel backbone, int outputs, string denseName, string outputName, string activation, double dropoutBefore, double dropoutAfter, double standardDeviation = 0.02)
        : base(nameof(DenseSequenceHead))
    {
        Require.NotNull(backbone);
        _activation = Activation.ByName(activation);
        (_before, _after, _deviation) = (new Dropout(dropoutBefore, backbone.Random), new Dropout(dropoutAfter, backbone.Random), Require.NotNegative(standardDeviation));
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
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask)
    {
        Tensor first = _before.Apply(Require.NotNull(hidden).select(1, 0), training);                     // [batch, width]
        return output.forward(_after.Apply(_activation(dense.forward(first)), training));
    }

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        dense.Initialize(random, _deviation);
        output.Initialize(random, _deviation);
    }
}
