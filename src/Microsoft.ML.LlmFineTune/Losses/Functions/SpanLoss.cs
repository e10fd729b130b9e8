using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>Cross-entropy of where an answer begins and where it ends.</summary>
public static class SpanLoss
{
    /// <summary>The loss of each row's two ends. A position outside the row, which was cut away, counts nothing.</summary>
    /// <param name="startLogits">[rows, length].</param>
    /// <param name="endLogits">[rows, length].</param>
    /// <param name="starts">[rows] int64.</param>
    /// <param name="ends">[rows] int64.</param>
    /// <returns>[rows] each.</returns>
    public static (Tensor Start, Tensor End) Each(Tensor startLogits, Tensor endLogits, Tensor starts, Tensor ends) =>
        (CrossEntropy.Each(startLogits, Inside(starts, startLogits)), CrossEntropy.Each(endLogits, Inside(ends, endLogits)));

    /// <summary>Positions, or ignored where they lie outside.</summary>
    internal static Tensor Inside(Tensor positions, Tensor logits)
    {
        Require.NotNull(positions);
        Tensor outside = positions.lt(0).logical_or(positions.ge(Require.NotNull(logits).size(1)));
        return positions.masked_fill(outside, SoftmaxCrossEntropy.Ignored);
    }
}
