using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// A running average of flat weights, which often judges better than the last weights do. Update it after every step; <see cref="SwapIn"/> puts it in the place of the
/// weights, for an evaluation or for good, <see cref="SwapOut"/> puts the weights back. The average of weights of 16 bits is that of their masters.
/// </summary>
public sealed class WeightAverage : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly WeightAverageOptions _options;
    private Tensor? _kept;

    /// <summary>Begins an average with the weights as they are.</summary>
    /// <param name="parameters">The weights; not owned.</param>
    /// <param name="options">The settings; null: the defaults.</param>
    public WeightAverage(FlatParameters parameters, WeightAverageOptions? options = null)
    {
        _parameters = Require.NotNull(parameters);
        _options = options ?? new WeightAverageOptions();
        _options.Validate();
        using IDisposable noGradients = no_grad();
        Running = (_options.Kind == WeightAverageKind.Debiased ? zeros_like(parameters.Masters) : parameters.Masters.clone()).DetachFromDisposeScope();
    }

    /// <summary>[elements]: the running average, not yet corrected where <see cref="WeightAverageKind.Debiased"/>; with <see cref="Updates"/> all that a continuation needs.</summary>
    public Tensor Running { get; }

    /// <summary>Updates so far.</summary>
    public long Updates { get; private set; }

    /// <summary>Whether the average stands in the place of the weights.</summary>
    public bool IsSwappedIn => _kept is not null;

    /// <summary>Takes the present weights into the average.</summary>
    /// <exception cref="InvalidOperationException">The average stands in the place of the weights.</exception>
    public void Update()
    {
        Require.State(!IsSwappedIn, "Weights are averaged while they are in their place; the average is there now. Call SwapOut first.");
        Updates++;
        double decay = _options.Kind == WeightAverageKind.Warmup ? Math.Min(_options.Decay, (1.0 + Updates) / (10 + Updates)) : _options.Decay;
        using IDisposable noGradients = no_grad();
        Running.mul_(decay).add_(_parameters.Masters, 1 - decay);
    }

    /// <summary>[elements]: the average as it is used; a new tensor. Before the first update, the weights as they are.</summary>
    public Tensor Current()
    {
        using IDisposable noGradients = no_grad();
        if (_options.Kind != WeightAverageKind.Debiased) return Running.clone();
        return Updates == 0 ? _parameters.Masters.clone() : Running / (1 - Math.Pow(_options.Decay, Updates));
    }

    /// <summary>Puts the average in the place of the weights, and keeps those.</summary>
    /// <exception cref="InvalidOperationException">It stands there already.</exception>
    public void SwapIn()
    {
        Require.State(!IsSwappedIn, "The average stands in the place of the weights already; call SwapOut first.");
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        _kept = _parameters.Masters.clone().DetachFromDisposeScope();
        _parameters.Masters.copy_(Current());
        _parameters.PublishMasters();
    }

    /// <summary>Puts the weights back into their place.</summary>
    /// <exception cref="InvalidOperationException">They are there.</exception>
    public void SwapOut()
    {
        Require.State(IsSwappedIn, "The weights are in their place; there is nothing to swap out. Call SwapIn first.");
        using IDisposable noGradients = no_grad();
        _parameters.Masters.copy_(_kept!);
        _parameters.PublishMasters();
        _kept!.Dispose();
        _kept = null;
    }

    /// <summary>Continues from a saved average.</summary>
    /// <param name="updates">What <see cref="Updates"/> was; 0 or greater.</param>
    /// <param name="running">What <see cref="Running"/> was: [elements], copied.</param>
    public void Restore(long updates, Tensor running)
    {
        Require.NotNegative(updates);
        Require.Argument(Require.NotNull(running).numel() == Running.numel(), $"The average must have {Running.numel()} elements; received {running.numel()}. It is that of other parameters.", nameof(running));
        using IDisposable noGradients = no_grad();
        Running.copy_(running.view(-1));
        Updates = updates;
    }

    /// <summary>Releases the average; what stands in the place of the weights stays there.</summary>
    public void Dispose()
    {
        Running.Dispose();
        _kept?.Dispose();
    }
}
