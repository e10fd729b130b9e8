using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>A reactive schedule at work: the rate, and what it remembers of the metrics.</summary>
public abstract class RateReaction
{
    private readonly Dictionary<string, double> _state = new(StringComparer.Ordinal);

    private protected RateReaction(double learningRate, double worst)
    {
        InitialRate = Require.Positive(learningRate);
        (LearningRate, Best) = (learningRate, worst);
    }

    /// <summary>The learning rate as it is now, which the schedule's factors multiply.</summary>
    public double LearningRate
    {
        get => Get("learning_rate");
        private protected set => Set("learning_rate", value);
    }

    /// <summary>All that a continuation needs, by name.</summary>
    public IReadOnlyDictionary<string, double> State => new Dictionary<string, double>(_state, StringComparer.Ordinal);

    private protected double InitialRate
    {
        get => Get("initial_rate");
        private init => Set("initial_rate", value);
    }

    private protected double Best
    {
        get => Get("best");
        set => Set("best", value);
    }

    /// <summary>Reacts to a metric.</summary>
    /// <param name="metric">The metric of a validation.</param>
    /// <returns>The learning rate from now on.</returns>
    public double Observe(double metric)
    {
        React(metric);
        return LearningRate;
    }

    /// <summary>Continues from a saved state.</summary>
    /// <param name="state">What <see cref="State"/> was.</param>
    /// <exception cref="ArgumentException">It is the state of another kind of schedule.</exception>
    public virtual void Restore(IReadOnlyDictionary<string, double> state)
    {
        Require.NotNull(state);
        string[] missing = [.. _state.Keys.Where(name => !state.ContainsKey(name)).Order(StringComparer.Ordinal)];
        Require.Argument(missing.Length == 0, string.Create(CultureInfo.InvariantCulture, $"The state must have {string.Join(", ", missing)}; received {string.Join(", ", state.Keys.Order(StringComparer.Ordinal))}. It is that of another schedule."), nameof(state));
        foreach (string name in state.Keys) _state[name] = state[name];
    }

    private protected abstract void React(double metric);

    private protected double Get(string name) => _state.GetValueOrDefault(name);

    private protected void Set(string name, double value) => _state[name] = value;

    private protected bool Has(string name) => _state.ContainsKey(name);

    private protected void Remove(string name) => _state.Remove(name);
}
