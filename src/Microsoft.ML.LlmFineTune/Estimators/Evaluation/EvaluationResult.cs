using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A figure of an evaluation.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">The figure.</param>
/// <param name="Interval">How sure it is; null where no interval was asked for, or the figure has none.</param>
public sealed record EvaluationFigure(string Name, double Value, ConfidenceInterval? Interval = null);

/// <summary>The rows that share a value of the slice column.</summary>
/// <typeparam name="TMetrics">The metrics.</typeparam>
/// <param name="Name">The value.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Metrics">Their metrics.</param>
/// <param name="Figures">The most telling of them.</param>
public sealed record EvaluationSlice<TMetrics>(string Name, long Rows, TMetrics Metrics, IReadOnlyList<EvaluationFigure> Figures);

/// <summary>A test of the difference between two systems.</summary>
public enum PairedTest
{
    /// <summary>Both systems are scored on the same resamples (Koehn, 2004).</summary>
    Bootstrap,

    /// <summary>The systems exchange the answers to random halves of the rows (Riezler and Maxwell, 2005).</summary>
    ApproximateRandomization,
}

/// <summary>What an evaluation of a view found.</summary>
/// <typeparam name="TMetrics">The metrics.</typeparam>
public sealed record EvaluationResult<TMetrics>
    where TMetrics : notnull
{
    private readonly IReadOnlyList<SegmentStatistics>? _segments;
    private readonly int _references;

    internal EvaluationResult(TMetrics metrics, long rows, IReadOnlyList<EvaluationFigure> figures, IReadOnlyList<SegmentStatistics>? segments, int references) =>
        (Metrics, Rows, Figures, _segments, _references) = (metrics, rows, figures, segments, references);

    /// <summary>The metrics of all rows.</summary>
    public TMetrics Metrics { get; }

    /// <summary>Rows that were evaluated.</summary>
    public long Rows { get; }

    /// <summary>The most telling figures, with their intervals where those were asked for.</summary>
    public IReadOnlyList<EvaluationFigure> Figures { get; }

    /// <summary>The slices, in ordinal order of their names; empty when none were asked for.</summary>
    public IReadOnlyList<EvaluationSlice<TMetrics>> Slices { get; internal init; } = [];

    /// <summary>The worst rows, the worst first; empty unless <see cref="EvaluationOptions.ExampleColumnName"/> is given.</summary>
    public IReadOnlyList<ReportMistake> WorstRows { get; internal init; } = [];

    /// <summary>What the input had that its owner should know: rows left out, probabilities that do not sum to one.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; internal init; } = [];

    /// <summary>A figure by its name.</summary>
    /// <exception cref="ArgumentException">There is none of that name; the message names all.</exception>
    public EvaluationFigure this[string name] => Figures.FirstOrDefault(figure => figure.Name == name)
        ?? throw new ArgumentException($"There is no figure '{name}'; there are {string.Join(", ", Figures.Select(figure => $"'{figure.Name}'"))}.", nameof(name));

    /// <summary>Whether this system's figures differ from a baseline's by more than chance. Both must have answered the same rows in the same order, with <see cref="EvaluationOptions.KeepRows"/> or intervals.</summary>
    /// <param name="baseline">The baseline.</param>
    /// <param name="test">Which test; default paired bootstrap.</param>
    /// <param name="options">Samples and seed; default null: sacreBLEU's.</param>
    /// <returns>One comparison a figure that has an interval.</returns>
    /// <exception cref="InvalidOperationException">The rows' numbers were not kept.</exception>
    /// <exception cref="ArgumentException">The baseline answered other rows, or has other figures.</exception>
    public IReadOnlyList<PairedComparison> CompareTo(EvaluationResult<TMetrics> baseline, PairedTest test = PairedTest.Bootstrap, ResamplingOptions? options = null)
    {
        Require.NotNull(baseline);
        Require.Argument(Enum.IsDefined(test), $"The test must be one of {string.Join(", ", Enum.GetNames<PairedTest>())}; received {test}.", nameof(test));
        Require.State(_segments is not null && baseline._segments is not null, "The numbers of each row were not kept: evaluate both with EvaluationOptions.KeepRows or ConfidenceIntervals.");
        Require.State(_segments.Count > 0, "These metrics are not made of rows that can be compared one by one.");
        Require.Argument(Rows == baseline.Rows && _references == baseline._references,
            $"Both must have answered the same rows in the same order; this has {Rows} rows, the baseline {baseline.Rows}{(Rows == baseline.Rows ? ", and what was expected differs" : "")}.", nameof(baseline));
        return [.. _segments.Zip(baseline._segments, (system, before) => test == PairedTest.Bootstrap ? PairedTests.Bootstrap(before, system, options) : PairedTests.ApproximateRandomization(before, system, options))];
    }

    /// <summary>A report: the figures, all metrics, slices, the worst rows, warnings.</summary>
    /// <param name="title">Its title.</param>
    public EvaluationReport ToReport(string title)
    {
        EvaluationReport report = new EvaluationReport(title)
            .With(new MetricsSection("Results", [.. Figures.Select(Shown), new ReportMetric("Rows", Rows)]))
            .WithMetrics("All figures", Metrics);
        if (Slices.Count > 0)
            report = report.With(new TableSection("Slices", ["Slice", "Rows", .. Figures.Select(figure => figure.Name)],
                // A small slice may lack a figure: a correlation of one row, for example.
                Slices.Select(slice => (IReadOnlyList<ReportCell>)[slice.Name, slice.Rows, .. Figures.Select(figure => slice.Figures.FirstOrDefault(other => other.Name == figure.Name) is { } own ? Shown(own).Value : (double?)null)])));
        if (WorstRows.Count > 0) report = report.With(new MistakesSection("Worst rows", WorstRows, WorstRows.Count) { ScoreName = "Badness" });
        return Warnings.Count > 0 ? report.With(new NotesSection("Warnings", Warnings.Select(warning => warning.ToString()))) : report;
    }

    private static ReportMetric Shown(EvaluationFigure figure) =>
        new(figure.Name, figure.Interval is ConfidenceInterval interval ? ReportCell.Of(figure.Value, interval.Lower, interval.Upper) : figure.Value, figure.Interval?.Level);
}
