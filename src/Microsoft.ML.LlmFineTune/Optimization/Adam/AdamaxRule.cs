using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adamax's formula.</summary>
internal readonly struct AdamaxRule(AdamaxOptions options, double beta1, double rate, long step) : IUpdateRule
{
    private readonly double _gain1 = 1 - beta1, _beta2 = options.Beta2, _epsilon = options.Epsilon, _stepSize = rate / (1 - Math.Pow(beta1, step));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first += (gradient - first) * _gain1;
        second = T.Larger(second * _beta2, T.Magnitude(gradient) + _epsilon);
        weight -= first / second * _stepSize;
    }
}
