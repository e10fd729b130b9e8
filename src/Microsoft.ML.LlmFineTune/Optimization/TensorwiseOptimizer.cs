using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>What all optimizers share that look at a parameter as a whole: its norm, its rows and columns. Everything stays on the device.</summary>
internal abstract class TensorwiseOptimizer(FlatParameters parameters, OptimizerOptions options, IReadOnlyList<ParameterGroup>? groups) : FlatOptimizer(parameters, options, groups)
{
    /// <summary>Changes one parameter.</summary>
    /// <param name="entry">Which one.</param>
    /// <param name="weight">A view, in the parameter's shape.</param>
    /// <param name="gradient">A view, in the parameter's shape, scaled; it may be overwritten.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="decay">The decay coefficient.</param>
    /// <param name="step">Which step of the group it is, from 1.</param>
    private protected abstract void Update(FlatParameter entry, Tensor weight, Tensor gradient, double rate, double decay, long step);

    private protected override void Update(IReadOnlyList<ParameterRange> ranges, StepSettings step)
    {
        foreach (ParameterRange range in ranges)
        {
            Tensor gradients = Parameters.MasterGradients.narrow(0, range.First, range.Count);
            if (step.GradientScale != 1) gradients.mul_(step.GradientScale);
            foreach (FlatParameter entry in range.Entries)
            {
                using DisposeScope scope = NewDisposeScope();
                Update(entry, FlatParameters.View(Parameters.Masters, entry), FlatParameters.View(Parameters.MasterGradients, entry), step.LearningRate * range.RateFactor, range.WeightDecay, StepsOf(range.Group));
            }
            gradients.zero_();
        }
    }

    /// <summary>[]: the root of the mean square of all elements.</summary>
    private protected static Tensor RootMeanSquare(Tensor values) => values.square().mean().sqrt();
}
