using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Lion's formula.</summary>
internal readonly struct LionRule(double beta1, double beta2, double rate) : IUpdateRule
{
    private readonly double _beta1 = beta1, _gain1 = 1 - beta1, _beta2 = beta2, _gain2 = 1 - beta2, _rate = rate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        weight -= T.Sign((first * _beta1) + (gradient * _gain1)) * _rate;
        first = (first * _beta2) + (gradient * _gain2);
    }
}
