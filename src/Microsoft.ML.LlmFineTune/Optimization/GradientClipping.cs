using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Keeping gradients from being too large (Pascanu, Mikolov, Bengio: "On the difficulty of training recurrent neural networks", 2013).</summary>
public static class GradientClipping
{
    /// <summary>What gradients are multiplied by so that their norm is at most <paramref name="maximum"/>: min(1, maximum / (norm + 1e-6)).</summary>
    /// <param name="norm">A norm of all gradients together, of any kind; 0 or greater.</param>
    /// <param name="maximum">The largest norm that is left alone; greater than 0; null: no clipping.</param>
    public static double Coefficient(double norm, double? maximum) =>
        maximum is double limit ? Math.Min(1, Require.Positive(limit, nameof(maximum)) / (norm + 1e-6)) : 1;

    /// <summary>Cuts every element down to a largest magnitude, in place.</summary>
    /// <param name="gradients">Any shape.</param>
    /// <param name="maximum">The largest magnitude; greater than 0.</param>
    public static void ByValue(Tensor gradients, double maximum)
    {
        Require.NotNull(gradients);
        Require.Positive(maximum);
        using IDisposable noGradients = no_grad();
        gradients.clamp_(-maximum, maximum);
    }
}
