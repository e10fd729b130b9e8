using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adadelta's formula.</summary>
internal readonly struct AdadeltaRule(AdadeltaOptions options, double rate) : IUpdateRule
{
    private readonly double _rho = options.Rho, _gain = 1 - options.Rho, _epsilon = options.Epsilon, _rate = rate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first = (first * _rho) + (gradient * gradient * _gain);
        T step = T.Root(second + _epsilon) / T.Root(first + _epsilon) * gradient;
        second = (second * _rho) + (step * step * _gain);
        weight -= step * _rate;
    }
}
