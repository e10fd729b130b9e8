using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Clipping by global norm (Pascanu, Mikolov, Bengio: "On the difficulty of training recurrent neural networks", 2013).</summary>
public static class GradientClipping
{
    /// <summary>What gradients are multiplied by so that their norm is at most <paramref name="maximum"/>: min(1, maximum / (norm + 1e-6)).</summary>
    /// <param name="norm">The norm of all gradients together; 0 or greater.</param>
    /// <param name="maximum">The largest norm that is left alone; greater than 0; null: no clipping.</param>
    public static double Coefficient(double norm, double? maximum) =>
        maximum is double limit ? Math.Min(1, Require.Positive(limit, nameof(maximum)) / (norm + 1e-6)) : 1;
}
