using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>RAdam's formula.</summary>
internal readonly struct RAdamRule : IUpdateRule
{
    // The approximated length of the average above which the variance is known well enough.
    private const double Tractable = 5;

    private readonly double _gain1, _beta2, _gain2, _epsilon, _stepSize;
    private readonly bool _adapts;

    private RAdamRule(RAdamOptions options, double beta1, double stepSize, bool adapts)
    {
        (_gain1, _beta2, _gain2, _epsilon) = (1 - beta1, options.Beta2, 1 - options.Beta2, options.Epsilon);
        (_stepSize, _adapts) = (stepSize, adapts);
    }

    public static RAdamRule At(RAdamOptions options, double beta1, double rate, long step)
    {
        double power = Math.Pow(options.Beta2, step), correction = 1 - power, plain = rate / (1 - Math.Pow(beta1, step));
        double longest = (2 / (1 - options.Beta2)) - 1, length = longest - (2 * step * power / correction);
        if (length <= Tractable) return new RAdamRule(options, beta1, plain, adapts: false);
        double rectification = Math.Sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
        return new RAdamRule(options, beta1, plain * rectification * Math.Sqrt(correction), adapts: true);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first += (gradient - first) * _gain1;
        second = (second * _beta2) + (gradient * gradient * _gain2);
        weight -= (_adapts ? first / (T.Root(second) + _epsilon) : first) * _stepSize;
    }
}
