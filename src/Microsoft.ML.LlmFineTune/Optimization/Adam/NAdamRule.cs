using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>NAdam's formula.</summary>
/// <param name="options">The settings.</param>
/// <param name="beta1">Decay rate of the first moment in this step.</param>
/// <param name="gradientStep">What the gradient's part of the step is multiplied by.</param>
/// <param name="momentStep">What the first moment's part is multiplied by.</param>
/// <param name="step">Which step it is, from 1.</param>
internal readonly struct NAdamRule(NAdamOptions options, double beta1, double gradientStep, double momentStep, long step) : IUpdateRule
{
    private readonly double _gain1 = 1 - beta1, _beta2 = options.Beta2, _gain2 = 1 - options.Beta2, _epsilon = options.Epsilon;
    private readonly double _rootScale = 1 / Math.Sqrt(1 - Math.Pow(options.Beta2, step)), _gradientStep = gradientStep, _momentStep = momentStep;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first += (gradient - first) * _gain1;
        second = (second * _beta2) + (gradient * gradient * _gain2);
        weight -= ((gradient * _gradientStep) + (first * _momentStep)) / ((T.Root(second) * _rootScale) + _epsilon);
    }
}
