using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A linear map as an adapter sees it: what it computes by itself, and what of.</summary>
public interface ILinearMap
{
    /// <summary>Size of the last dimension of the input.</summary>
    long InputWidth { get; }

    /// <summary>Size of the last dimension of the output.</summary>
    long OutputWidth { get; }

    /// <summary>[outputWidth], or null.</summary>
    Parameter? Bias { get; }

    /// <summary>The map without any adapter.</summary>
    /// <param name="input">[.., inputWidth].</param>
    /// <param name="withBias">Whether the bias is added, where there is one.</param>
    /// <returns>[.., outputWidth].</returns>
    Tensor ApplyBase(Tensor input, bool withBias = true);

    /// <summary>The matrix [outputWidth, inputWidth] without gradients: a view of it, or, where it is stored in fewer bits, its numbers in memory of their own.</summary>
    Tensor ReadWeight();
}
