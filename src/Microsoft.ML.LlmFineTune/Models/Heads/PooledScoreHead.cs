using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>A matrix on one hidden state a text: what classifiers on decoders have.</summary>
public sealed class PooledScoreHead : SequenceHead
{
    private readonly Linear score;
    private readonly Pooling _pooling;
    private readonly int? _padding;
    private readonly double _deviation;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers are looked at.</param>
    /// <param name="outputs">Numbers a text; at least 1.</param>
    /// <param name="pooling">Which hidden state.</param>
    /// <param name="standardDeviation">Of the initial weights; at least 0.</param>
    public PooledScoreHead(BackboneModel backbone, int outputs, Pooling pooling, double standardDeviation = 0.02) : base(nameof(PooledScoreHead))
    {
        Require.NotNull(backbone);
        (_pooling, _padding, _deviation) = (pooling, backbone.Config.Padding, Require.NotNegative(standardDeviation));
        score = new Linear(backbone.Config.Width, outputs, hasBias: false, backbone.Device, backbone.WeightType);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; } = [new("score.weight", "score.weight", WeightKind.Output)];

    /// <inheritdoc/>
    /// <remarks>
    /// The last token is the last one that differs from the configuration's padding id, as in Hugging Face; where the configuration has none, the last one that the mask allows.
    /// The mean goes over what the mask allows; without a mask, over what differs from the padding id.
    /// </remarks>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask) => score.forward(SequencePooling.Apply(_pooling, hidden, tokens, mask, _padding));

    /// <inheritdoc/>
    public override void Initialize(RandomStream random) => score.Initialize(random, _deviation);
}
