using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>RMSprop's formula.</summary>
internal readonly struct RmsPropRule(RmsPropOptions options, double momentum, double rate) : IUpdateRule
{
    private readonly double _alpha = options.Alpha, _gain = 1 - options.Alpha, _epsilon = options.Epsilon, _momentum = momentum, _rate = rate;
    private readonly bool _centered = options.Centered, _remembersSteps = options.Momentum > 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first = (first * _alpha) + (gradient * gradient * _gain);
        T size = first;
        if (_centered)
        {
            second += (gradient - second) * _gain;
            // Rounding may leave less than nothing.
            size = T.Larger(first - (second * second), first * 0);
        }
        T step = gradient / (T.Root(size) + _epsilon);
        if (_remembersSteps)
        {
            if (_centered) step = third = (third * _momentum) + step;
            else step = second = (second * _momentum) + step;
        }
        weight -= step * _rate;
    }
}
