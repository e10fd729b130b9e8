using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>One hidden state a text, as it is: a head without weights.</summary>
public sealed class PoolingHead : SequenceHead
{
    private readonly Pooling _pooling;

    /// <summary>Creates the head.</summary>
    /// <param name="pooling">Which hidden state.</param>
    public PoolingHead(Pooling pooling) : base(nameof(PoolingHead)) => _pooling = pooling;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames => [];

    /// <inheritdoc/>
    /// <remarks>The mask alone says what is padding, whatever the tokens are.</remarks>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask) => SequencePooling.Apply(_pooling, hidden, tokens, mask, padding: null);

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
    }
}
