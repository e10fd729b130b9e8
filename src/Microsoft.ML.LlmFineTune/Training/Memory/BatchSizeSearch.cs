using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// The search for the largest batch size, without what it tries: twice as many rows as long as they fit, then the middle between what fits and what does not. A size whose growth, on the straight line through the last two that
/// were measured, would be above the limit is not tried.
/// </summary>
internal sealed class BatchSizeSearch
{
    private readonly BatchSizeOptions _options;
    private readonly int _unit;
    private readonly long? _limit;
    private readonly Func<int, BatchSizeTrial> _try;
    private readonly List<BatchSizeTrial> _trials = [];

    /// <summary>Sets a search up.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="unit">Rows that belong together.</param>
    /// <param name="limit">Bytes of growth; null: no limit.</param>
    /// <param name="trial">Tries a number of rows; gives <see cref="BatchSizeOutcome.Fits"/> or <see cref="BatchSizeOutcome.OutOfMemory"/>.</param>
    public BatchSizeSearch(BatchSizeOptions options, int unit, long? limit, Func<int, BatchSizeTrial> trial)
    {
        options.Validate();
        Require.Argument(options.MaximumRows >= unit, $"MaximumRows must be at least {unit}, because so many rows of the data belong together; received {options.MaximumRows}.", nameof(options));
        (_options, _unit, _limit, _try) = (options, unit, limit, trial);
    }

    /// <summary>All sizes that were looked at.</summary>
    public IReadOnlyList<BatchSizeTrial> Trials => _trials;

    /// <returns>The largest number of rows that fits; 0 where not even one unit does.</returns>
    public int Run(CancellationToken cancellation)
    {
        // In units: the largest that fits, and the smallest that does not (or is not wanted).
        int fits = 0, most = _options.MaximumRows / _unit, beyond = most + 1;
        int size = Math.Min((_options.StartRows + _unit - 1) / _unit, most);
        while (beyond - fits > 1)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Look(size * _unit) == BatchSizeOutcome.Fits) fits = size;
            else beyond = size;
            size = beyond > most ? (int)Math.Min(2L * fits, most) : fits + ((beyond - fits) / 2);
        }
        return fits * _unit;
    }

    private BatchSizeOutcome Look(int rows)
    {
        BatchSizeTrial trial = Expected(rows) is long growth && growth > _limit ? new(rows, BatchSizeOutcome.Refused, growth) : _try(rows);
        if (trial.Outcome == BatchSizeOutcome.Fits && trial.Growth > _limit) trial = trial with { Outcome = BatchSizeOutcome.AboveLimit };
        _trials.Add(trial);
        return trial.Outcome;
    }

    /// <summary>The growth of a size on the line through the last two that were measured; null before there are two. A line that falls is noise, and taken as level.</summary>
    private long? Expected(int rows)
    {
        BatchSizeTrial[] measured = [.. _trials.Where(trial => trial is { Outcome: BatchSizeOutcome.Fits or BatchSizeOutcome.AboveLimit, Growth: not null }).TakeLast(2)];
        if (measured is not [var before, var last]) return null;
        double slope = Math.Max(0, (double)(last.Growth!.Value - before.Growth!.Value) / (last.Rows - before.Rows));
        return (long)(last.Growth.Value + (slope * (rows - last.Rows)));
    }
}
