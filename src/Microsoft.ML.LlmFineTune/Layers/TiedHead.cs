using Microsoft.ML.LlmFineTune.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>The table of an embedding as an output head: scores of hidden states for each of its rows.</summary>
/// <param name="embedding">The embedding.</param>
public sealed class TiedHead(Embedding embedding) : ILinearMap
{
    /// <summary>The embedding whose table it is.</summary>
    public Embedding Embedding => embedding;

    /// <summary>What changes the scores; null for nothing. The embedding registers it.</summary>
    public LinearAdapter? Adapter
    {
        get => embedding.HeadAdapter;
        set => embedding.HeadAdapter = value;
    }

    /// <inheritdoc/>
    public long InputWidth => embedding.Weight.size(1);

    /// <inheritdoc/>
    public long OutputWidth => embedding.Weight.size(0);

    /// <inheritdoc/>
    public Parameter? Bias => null;

    /// <inheritdoc/>
    public Tensor ApplyBase(Tensor input, bool withBias = true) => SummedProduct.Apply(input, embedding.Weight, null);

    /// <inheritdoc/>
    public Tensor ReadWeight() => embedding.Weight.detach();
}
