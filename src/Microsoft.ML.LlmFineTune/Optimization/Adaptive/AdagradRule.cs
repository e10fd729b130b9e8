using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adagrad's formula.</summary>
internal readonly struct AdagradRule(AdagradOptions options, double rate, long step) : IUpdateRule
{
    private readonly double _epsilon = options.Epsilon, _rate = rate / (1 + ((step - 1) * options.RateDecay));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first += gradient * gradient;
        weight -= gradient / (T.Root(first) + _epsilon) * _rate;
    }
}
