using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Compares a model's answers to texts with its answers to their counterfactual variants: sums over everything seen, divided once; constant memory for each group.</summary>
/// <remarks>Garg et al., "Counterfactual Fairness in Text Classification through Robustness" (2019).</remarks>
public sealed class CounterfactualAccumulator
{
    private sealed class Sums
    {
        public long Items, Pairs, Flips, FlippedItems;
        public double Gap, AbsoluteGap, Largest, Range;

        public void Merge(Sums other)
        {
            Items += other.Items;
            Pairs += other.Pairs;
            Flips += other.Flips;
            FlippedItems += other.FlippedItems;
            Gap += other.Gap;
            AbsoluteGap += other.AbsoluteGap;
            Largest = Math.Max(Largest, other.Largest);
            Range += other.Range;
        }

        public CounterfactualScores Scores() =>
            new(Items, Pairs, (double)Flips / Pairs, (double)FlippedItems / Items, Gap / Pairs, AbsoluteGap / Pairs, Largest, Range / Items);
    }

    private readonly Sums _overall = new();
    private readonly SortedDictionary<string, Sums> _groups = new(StringComparer.Ordinal);
    private readonly CounterfactualOptions _options;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How a score becomes a label; null takes the defaults.</param>
    public CounterfactualAccumulator(CounterfactualOptions? options = null)
    {
        _options = options ?? new CounterfactualOptions();
        _options.Validate();
    }

    /// <summary>Texts seen.</summary>
    public long Items => _overall.Items;

    /// <summary>Counts a text of a binary decision: the label is whether the score reaches the threshold.</summary>
    /// <param name="original">The text's score.</param>
    /// <param name="variants">The variants' scores; at least one.</param>
    /// <param name="group">What the text is counted under besides; null for nothing.</param>
    /// <exception cref="ArgumentException">There are no variants, or a score is no finite number.</exception>
    public void Add(double original, IReadOnlyList<double> variants, string? group = null)
    {
        Require.NotNull(variants);
        bool label = _options.IsPositive(original);
        Count(original, variants, variants.Count(variant => _options.IsPositive(variant) != label), group);
    }

    /// <summary>Counts a text of a decision among several classes.</summary>
    /// <param name="originalLabel">The answer to the text.</param>
    /// <param name="originalScore">A score that is followed, for example the probability of the first answer.</param>
    /// <param name="variants">Answers to the variants and the same score; at least one.</param>
    /// <param name="group">What the text is counted under besides; null for nothing.</param>
    /// <exception cref="ArgumentException">There are no variants, or a score is no finite number.</exception>
    public void Add(string originalLabel, double originalScore, IReadOnlyList<(string Label, double Score)> variants, string? group = null)
    {
        Require.NotNull(originalLabel);
        Require.NotNull(variants);
        Count(originalScore, [.. variants.Select(variant => variant.Score)], variants.Count(variant => !string.Equals(variant.Label, originalLabel, StringComparison.Ordinal)), group);
    }

    /// <summary>Adds what another accumulator (of other texts) has counted.</summary>
    /// <exception cref="ArgumentException">It has other options.</exception>
    public void Merge(CounterfactualAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other._options == _options, "Both accumulators must have the same options.", nameof(other));
        _overall.Merge(other._overall);
        foreach ((string group, Sums sums) in other._groups) Group(group).Merge(sums);
    }

    /// <summary>The metrics of everything seen.</summary>
    /// <exception cref="InvalidOperationException">Nothing was counted.</exception>
    public CounterfactualMetrics Compute()
    {
        Require.State(Items > 0, "Counterfactual metrics need at least one text with a variant; none was counted. Does the word list have terms that stand in the texts?");
        return new CounterfactualMetrics(_overall.Scores(), new SortedDictionary<string, CounterfactualScores>(_groups.ToDictionary(group => group.Key, group => group.Value.Scores()), StringComparer.Ordinal));
    }

    private void Count(double original, IReadOnlyList<double> variants, int flips, string? group)
    {
        Require.Argument(variants.Count > 0, $"Text {Items} must have at least one variant; it has none. Leave out texts in which nothing was swapped.", nameof(variants));
        int bad = double.IsFinite(original) ? variants.ToList().FindIndex(score => !double.IsFinite(score)) : -2;
        Require.Argument(bad == -1, string.Create(CultureInfo.InvariantCulture, $"Scores must be finite; text {Items} has {(bad < 0 ? original : variants[bad])}{(bad < 0 ? "" : $" as variant {bad}")}."), nameof(variants));
        Sums item = new() { Items = 1, Pairs = variants.Count, Flips = flips, FlippedItems = flips > 0 ? 1 : 0 };
        foreach (double variant in variants)
        {
            double gap = variant - original;
            item.Gap += gap;
            item.AbsoluteGap += Math.Abs(gap);
            item.Largest = Math.Max(item.Largest, Math.Abs(gap));
        }
        item.Range = Math.Max(original, variants.Max()) - Math.Min(original, variants.Min());
        _overall.Merge(item);
        if (group is not null) Group(group).Merge(item);
    }

    private Sums Group(string name) => _groups.TryGetValue(name, out Sums? sums) ? sums : _groups[name] = new Sums();
}
