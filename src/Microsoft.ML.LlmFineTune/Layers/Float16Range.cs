using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Keeps hidden states inside the range of float16, which models that were trained in wider types leave now and then; in other types nothing changes.</summary>
public static class Float16Range
{
    // The largest number of float16, less what the next part may add.
    private const double Largest = 65504 - 1000;

    /// <summary>Infinities become the largest numbers that are safe.</summary>
    /// <param name="hidden">Any shape and type.</param>
    /// <returns>The same shape and type; the tensor itself where it is not float16.</returns>
    public static Tensor Clamp(Tensor hidden) => Require.NotNull(hidden).dtype == ScalarType.Float16 ? hidden.clamp(-Largest, Largest) : hidden;
}
