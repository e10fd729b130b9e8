using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What an evaluation gives besides the figures: intervals, slices, the worst rows. Immutable; checked before the first row is read.</summary>
public sealed record EvaluationOptions
{
    /// <summary>
    /// Whether figures get confidence intervals, by bootstrap over the rows. Default false. It keeps some numbers a row in memory. At a level of 0.95 the interval is sacreBLEU's, at others it lies between percentiles of the resamples' scores.
    /// </summary>
    public bool ConfidenceIntervals { get; init; }

    /// <summary>How sure the intervals are. Default 0.95; greater than 0, less than 1.</summary>
    public double ConfidenceLevel { get; init; } = 0.95;

    /// <summary>How rows are resampled. Default: 1000 resamples with sacreBLEU's seed.</summary>
    public ResamplingOptions Resampling { get; init; } = new();

    /// <summary>Whether the numbers of each row are kept for <see cref="EvaluationResult{TMetrics}.CompareTo"/>, without computing intervals. Default false; <see cref="ConfidenceIntervals"/> keeps them, too.</summary>
    public bool KeepRows { get; init; }

    /// <summary>A column by whose values the rows are also evaluated apart: text, a key, a number, or true and false. Default null: no slices.</summary>
    public string? SliceColumnName { get; init; }

    /// <summary>How many slices there may be; more are an error, as a column of that many values is no slice. Default 1000; at least 1.</summary>
    public int MaximumSlices { get; init; } = 1000;

    /// <summary>A text column that is shown with the worst rows, for example the question. Default null: the worst rows are not kept.</summary>
    public string? ExampleColumnName { get; init; }

    /// <summary>How many of the worst rows are kept. Default 20; at least 1.</summary>
    public int MaximumExamples { get; init; } = 20;

    /// <summary>Stops between two rows and between two resamples. Default: never.</summary>
    public CancellationToken Cancellation { get; init; }

    internal bool KeepsRows => ConfidenceIntervals || KeepRows;

    /// <summary>Demands values in their ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Argument(ConfidenceLevel is > 0 and < 1, FormattableString.Invariant($"ConfidenceLevel must be greater than 0 and less than 1; received {ConfidenceLevel}."), nameof(ConfidenceLevel));
        Require.NotNull(Resampling).Validate();
        if (SliceColumnName is not null) Require.Text(SliceColumnName);
        Require.AtLeast(MaximumSlices, 1);
        if (ExampleColumnName is not null) Require.Text(ExampleColumnName);
        Require.AtLeast(MaximumExamples, 1);
    }
}
