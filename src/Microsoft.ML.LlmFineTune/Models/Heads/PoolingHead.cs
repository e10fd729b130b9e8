using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>One hidden state a text, as it is: a head without weights.</summary>
public sealed class PoolingHead : SequenceHead
{
    private readonly Pooling _pooling;
    private readonly int? _padding;

    /// <summary>Creates the head.</summary>
    /// <param name="pooling">Which hidden state.</param>
    /// <param name="padding">Id of the padding token, or null.</param>
    public PoolingHead(Pooling pooling, int? padding) : base(nameof(PoolingHead)) => (_pooling, _padding) = (pooling, padding);

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => [];

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask) => SequencePooling.Apply(_pooling, hidden, tokens, mask, _padding);

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
    }
}
