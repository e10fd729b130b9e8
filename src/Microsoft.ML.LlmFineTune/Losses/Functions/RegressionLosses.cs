using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>How far numbers are from wanted ones.</summary>
public static class RegressionLosses
{
    /// <summary>(x - t)^2.</summary>
    /// <param name="outputs">Any shape.</param>
    /// <param name="targets">The same shape.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Squared(Tensor outputs, Tensor targets) => (Require.NotNull(outputs) - targets).square();

    /// <summary>(x - t)^2 / (2 * beta) below beta, |x - t| - beta / 2 from there on: far-off targets pull no harder (Girshick: "Fast R-CNN", 2015).</summary>
    /// <param name="outputs">Any shape.</param>
    /// <param name="targets">The same shape.</param>
    /// <param name="beta">Where the square becomes a line; greater than 0.</param>
    /// <returns>The same shape.</returns>
    public static Tensor SmoothAbsolute(Tensor outputs, Tensor targets, double beta = 1)
    {
        Require.Positive(beta);
        Tensor distance = (Require.NotNull(outputs) - targets).abs();
        return where(distance.lt(beta), distance.square() * (0.5 / beta), distance - (0.5 * beta));
    }
}
