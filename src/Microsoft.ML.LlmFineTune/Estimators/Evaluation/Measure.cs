using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A metric that is fed with rows of a view. One object measures one set of rows: all of them, or a slice.</summary>
internal abstract class Measure<TRow, TMetrics>
{
    /// <summary>Counts a row.</summary>
    /// <returns>How bad it is: 0 is right, the greater the worse; NaN when a row by itself is neither.</returns>
    internal abstract double Add(TRow row);

    internal abstract TMetrics Compute();

    /// <summary>The figures that are shown first. Those that have an interval are called like their statistics.</summary>
    internal abstract IEnumerable<(string Name, double Value)> Figures(TMetrics metrics);

    /// <summary>Statistics of each row, where they were to be kept.</summary>
    internal virtual IEnumerable<SegmentStatistics> Segments => [];

    internal virtual IReadOnlyList<InputWarning> Warnings => [];

    /// <summary>What was expected of a row and what came, in words.</summary>
    internal abstract (string Expected, string Answered) Describe(TRow row);
}
