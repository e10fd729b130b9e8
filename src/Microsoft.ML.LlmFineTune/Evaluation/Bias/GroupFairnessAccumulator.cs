using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Counts binary decisions by group: demographic parity, equal opportunity, equalised odds. Constant memory for each group.</summary>
/// <remarks>Hardt, Price and Srebro, "Equality of Opportunity in Supervised Learning" (2016); figures as fairlearn computes them.</remarks>
public sealed class GroupFairnessAccumulator
{
    private sealed class Counts
    {
        public long Rows, Positives;
        // Negative is summed, not Weight - Positive, in which rounding would stay behind.
        public double Weight, Selected, Right, Positive, Negative, TruePositive, FalsePositive;

        public void Merge(Counts other)
        {
            Rows += other.Rows;
            Positives += other.Positives;
            Weight += other.Weight;
            Selected += other.Selected;
            Right += other.Right;
            Positive += other.Positive;
            Negative += other.Negative;
            TruePositive += other.TruePositive;
            FalsePositive += other.FalsePositive;
        }

        public GroupScores Scores() => new(Rows, Share(Selected, Weight), Share(Right, Weight), Share(TruePositive, Positive), Share(FalsePositive, Negative), Positives, Rows - Positives);

        private static double Share(double part, double whole) => whole == 0 ? 0 : part / whole;
    }

    private readonly SortedDictionary<string, Counts> _groups = new(StringComparer.Ordinal);

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="actual">Whether it is positive.</param>
    /// <param name="predicted">Whether it was answered positively.</param>
    /// <param name="group">The group that it is about.</param>
    /// <param name="weight">How much it counts; 0 or greater, finite. Default 1.</param>
    public void Add(bool actual, bool predicted, string group, double weight = 1)
    {
        Require.Argument(group is not null, string.Create(CultureInfo.InvariantCulture, $"Row {Rows} must have a group; it has none."), nameof(group));
        Row.Weight(weight, Rows);
        Counts counts = Group(group);
        Rows++;
        counts.Rows++;
        counts.Weight += weight;
        if (predicted) counts.Selected += weight;
        if (predicted == actual) counts.Right += weight;
        if (actual)
        {
            counts.Positives++;
            counts.Positive += weight;
        }
        else
        {
            counts.Negative += weight;
        }
        if (predicted && actual) counts.TruePositive += weight;
        if (predicted && !actual) counts.FalsePositive += weight;
    }

    /// <summary>Adds what another accumulator (of other rows) has counted.</summary>
    public void Merge(GroupFairnessAccumulator other)
    {
        Row.Other(this, other);
        Rows += other.Rows;
        foreach ((string group, Counts counts) in other._groups) Group(group).Merge(counts);
    }

    /// <summary>The metrics of everything seen.</summary>
    /// <exception cref="InvalidOperationException">Nothing was counted.</exception>
    public GroupFairnessMetrics Compute()
    {
        Require.State(Rows > 0, "Fairness needs at least one row; none was counted.");
        return new GroupFairnessMetrics(new SortedDictionary<string, GroupScores>(_groups.ToDictionary(group => group.Key, group => group.Value.Scores()), StringComparer.Ordinal));
    }

    private Counts Group(string name) => _groups.TryGetValue(name, out Counts? counts) ? counts : _groups[name] = new Counts();
}
