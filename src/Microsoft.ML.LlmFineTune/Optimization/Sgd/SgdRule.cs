using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>The formula of gradient descent.</summary>
internal readonly struct SgdRule(SgdOptions options, double momentum, double rate, long step) : IUpdateRule
{
    private readonly bool _remembers = options.Momentum > 0, _nesterov = options.Nesterov;
    private readonly double _momentum = momentum, _rate = rate;

    // The first gradient enters the running sum whole.
    private readonly double _gain = step == 1 ? 1 : 1 - options.Dampening;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        if (!_remembers)
        {
            weight -= gradient * _rate;
            return;
        }
        first = (first * _momentum) + (gradient * _gain);
        weight -= (_nesterov ? gradient + (first * _momentum) : first) * _rate;
    }
}
