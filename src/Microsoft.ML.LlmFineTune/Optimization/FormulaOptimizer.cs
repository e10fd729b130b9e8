using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>An optimizer that is its formula and nothing else.</summary>
internal sealed class FormulaOptimizer<TRule> : ElementwiseOptimizer<TRule> where TRule : struct, IUpdateRule
{
    private readonly Func<GroupStep, TRule> _formula;

    /// <summary>Creates it.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="groups">Groups.</param>
    /// <param name="decoupled">The kind of decay.</param>
    /// <param name="hasMomentum">Whether the formula heeds <see cref="GroupStep.Momentum"/>.</param>
    /// <param name="remembered">Names and first values of what is remembered about a weight, in the formula's order.</param>
    /// <param name="formula">The formula of a step.</param>
    public FormulaOptimizer(FlatParameters parameters, OptimizerOptions options, IReadOnlyList<ParameterGroup>? groups, bool decoupled, bool hasMomentum, IReadOnlyList<(string Name, double Initial)> remembered, Func<GroupStep, TRule> formula)
        : base(parameters, options, groups, decoupled)
    {
        (HasMomentum, _formula) = (hasMomentum, formula);
        foreach ((string name, double initial) in remembered) Remember(name, initial);
    }

    public override bool HasMomentum { get; }

    private protected override TRule RuleAt(GroupStep step) => _formula(step);
}
