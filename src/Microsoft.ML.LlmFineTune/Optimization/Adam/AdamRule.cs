using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adam's formula.</summary>
/// <param name="options">The settings.</param>
/// <param name="beta1">Decay rate of the first moment in this step.</param>
/// <param name="rate">Learning rate.</param>
/// <param name="step">Which step it is, from 1.</param>
/// <param name="amsgrad">Whether the largest second moment so far is used.</param>
internal readonly struct AdamRule(MomentOptions options, double beta1, double rate, long step, bool amsgrad) : IUpdateRule
{
    private readonly double _gain1 = 1 - beta1, _beta2 = options.Beta2, _gain2 = 1 - options.Beta2, _epsilon = options.Epsilon;
    private readonly double _stepSize = rate / (1 - Math.Pow(beta1, step)), _rootScale = 1 / Math.Sqrt(1 - Math.Pow(options.Beta2, step));
    private readonly bool _amsgrad = amsgrad;

    public static FlatOptimizer Optimizer(FlatParameters parameters, MomentOptions options, IReadOnlyList<ParameterGroup>? groups, bool amsgrad, bool decoupled) =>
        new FormulaOptimizer<AdamRule>(parameters, options, groups, decoupled, hasMomentum: true, [("exp_avg", 0), ("exp_avg_sq", 0), .. amsgrad ? [("max_exp_avg_sq", 0.0)] : Array.Empty<(string, double)>()],
            step => new AdamRule(options, step.Momentum ?? options.Beta1, step.Rate, step.Step, amsgrad));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first += (gradient - first) * _gain1;
        second = (second * _beta2) + (gradient * gradient * _gain2);
        T size = second;
        if (_amsgrad) size = third = T.Larger(third, second);
        weight -= first / ((T.Root(size) * _rootScale) + _epsilon) * _stepSize;
    }
}
