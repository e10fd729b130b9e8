using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>AdamW over flat parameters: one pass over memory a step.</summary>
public sealed class FlatAdamWOptimizer : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly AdamWOptions _options;

    /// <summary>Creates the optimizer with moments of 0.</summary>
    /// <param name="parameters">The parameters; not owned.</param>
    /// <param name="options">The settings.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public FlatAdamWOptimizer(FlatParameters parameters, AdamWOptions options)
    {
        _parameters = Require.NotNull(parameters);
        _options = Require.NotNull(options);
        options.Validate();
        FirstMoment = zeros_like(parameters.Weights).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Weights).DetachFromDisposeScope();
    }

    /// <summary>[elements]: running mean of the gradients.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>[elements]: running mean of their squares.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Takes one step along the gradients of the parameters, and sets them to 0.</summary>
    /// <param name="learningRate">The learning rate of this step; 0 moves the moments only.</param>
    /// <param name="gradientScale">Multiplies the gradients first; default 1.</param>
    /// <param name="pool">Threads that share the work; null: the caller's alone.</param>
    public void Step(double learningRate, double gradientScale = 1, ReplicaPool? pool = null)
    {
        Require.NotNegative(learningRate);
        Require.NotNegative(gradientScale);
        Steps++;
        FlatAdamW.Coefficients coefficients = new(learningRate, _options.WeightDecay, _options.Beta1, _options.Beta2, _options.Epsilon, Steps, gradientScale);
        long decayEnd = _options.DecayVectors ? _parameters.Weights.numel() : _parameters.DecayEnd;
        FlatAdamW.Step(_parameters.Weights, _parameters.Gradients, FirstMoment, SecondMoment, decayEnd, coefficients, pool);
    }

    /// <summary>Continues from a saved state.</summary>
    /// <param name="steps">Steps taken before; 0 or greater.</param>
    /// <param name="firstMoment">[elements], copied.</param>
    /// <param name="secondMoment">[elements], copied.</param>
    public void Restore(long steps, Tensor firstMoment, Tensor secondMoment)
    {
        Require.NotNegative(steps);
        Require.Argument(Require.NotNull(firstMoment).numel() == FirstMoment.numel() && Require.NotNull(secondMoment).numel() == SecondMoment.numel(),
            $"The moments must have {FirstMoment.numel()} elements; received {firstMoment.numel()} and {secondMoment.numel()}.");
        using IDisposable noGradients = no_grad();
        FirstMoment.copy_(firstMoment);
        SecondMoment.copy_(secondMoment);
        Steps = steps;
    }

    /// <summary>Releases the moments.</summary>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
