using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>What all optimizers that change weights one by one share: one pass over memory a step, both kinds of decay.</summary>
internal abstract class ElementwiseOptimizer<TRule>(FlatParameters parameters, OptimizerOptions options, IReadOnlyList<ParameterGroup>? groups, bool decoupled) : FlatOptimizer(parameters, options, groups)
    where TRule : struct, IUpdateRule
{
    private readonly List<Tensor> _remembered = [];

    /// <summary>Numbers remembered about every weight, in the order in which the formula takes them.</summary>
    private protected void Remember(string name, double initial = 0) => _remembered.Add(AddState(name, initial: initial).Flat);

    /// <summary>The formula of one step of a group; asked for once a step and active group.</summary>
    private protected abstract TRule RuleAt(GroupStep step);

    private protected sealed override void Update(IReadOnlyList<ParameterRange> ranges, StepSettings step)
    {
        Dictionary<int, TRule> rules = [];
        List<UpdateRange<TRule>> updates = [];
        foreach (ParameterRange range in ranges)
        {
            double rate = step.LearningRate * range.RateFactor;
            if (!rules.TryGetValue(range.Group, out TRule rule)) rules[range.Group] = rule = RuleAt(new GroupStep(rate, StepsOf(range.Group), range.Group, Momentum));
            double coupled = decoupled ? 0 : range.WeightDecay, shrink = decoupled ? 1 - (rate * range.WeightDecay) : 1;
            updates.Add(new UpdateRange<TRule>(range.First, range.Count, range.First, rule, step.GradientScale, coupled, shrink));
        }
        FlatUpdate.Run(Parameters.Masters, Parameters.MasterGradients, _remembered, updates, step.Pool);
    }
}
