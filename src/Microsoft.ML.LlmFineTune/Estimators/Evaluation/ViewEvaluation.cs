using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Walks a view once and measures all rows, the slices, and the worst.</summary>
internal static class ViewEvaluation
{
    /// <param name="data">The view, whose columns were checked.</param>
    /// <param name="columns">The columns that <paramref name="bind"/> reads.</param>
    /// <param name="bind">Makes a reader of a row.</param>
    /// <param name="create">Makes a measure; true: it keeps the statistics of each row.</param>
    /// <param name="options">Null: the defaults.</param>
    internal static EvaluationResult<TMetrics> Run<TRow, TMetrics>(IDataView data, IReadOnlyList<DataViewSchema.Column> columns, Func<DataViewRow, Func<TRow>> bind, Func<bool, Measure<TRow, TMetrics>> create, EvaluationOptions? options)
        where TMetrics : notnull
    {
        options ??= new EvaluationOptions();
        options.Validate();
        DataViewSchema.Column? slice = options.SliceColumnName is string sliceName ? EvaluationColumns.RequireSlice(data.Schema, sliceName) : null;
        DataViewSchema.Column? example = options.ExampleColumnName is string exampleName ? SchemaChecks.RequireText(data.Schema, exampleName) : null;
        Measure<TRow, TMetrics> overall = create(options.KeepsRows);
        SortedDictionary<string, (Measure<TRow, TMetrics> Measure, long Rows, long FirstRow)> slices = new(StringComparer.Ordinal);
        InputWarnings emptySlices = new();
        PriorityQueue<ReportMistake, (double Badness, long Later)> worst = new();
        (long rows, int references) = (0, 0);
        ColumnReader.Walk(data, [.. columns, .. Given(slice), .. Given(example)], options.Cancellation, row =>
        {
            Func<TRow> read = bind(row);
            Func<string>? readSlice = slice is { } by ? EvaluationColumns.SliceReader(row, by) : null, readExample = example is { } shown ? EvaluationColumns.TextReader(row, shown) : null;
            return () =>
            {
                TRow values = read();
                double badness = overall.Add(values);
                if (options.KeepsRows) references = HashCode.Combine(references, overall.Describe(values).Expected);
                if (readSlice is not null) AddToSlice(readSlice(), values);
                if (readExample is not null && badness > 0) Keep(readExample(), values, badness);
                rows++;
            };
        });
        Require.Argument(rows > 0, "An evaluation needs rows; the view has none.", nameof(data));
        TMetrics metrics = overall.Compute();
        return new EvaluationResult<TMetrics>(metrics, rows, Figures(overall, metrics, options), options.KeepsRows ? [.. overall.Segments] : null, references)
        {
            Slices = [.. slices.Select(part => Slice(part.Key, part.Value.Measure, part.Value.Rows)).OfType<EvaluationSlice<TMetrics>>()],
            WorstRows = WorstFirst(),
            Warnings = [.. overall.Warnings, .. emptySlices.List],
        };

        void AddToSlice(string name, TRow values)
        {
            if (!slices.TryGetValue(name, out (Measure<TRow, TMetrics> Measure, long Rows, long FirstRow) part))
            {
                Require.Argument(slices.Count < options.MaximumSlices, $"Column '{options.SliceColumnName}' has more than {options.MaximumSlices} different values: slice by a column of few values, or raise MaximumSlices.", nameof(options));
                part = (create(options.ConfidenceIntervals), 0, rows);
            }
            part.Measure.Add(values);
            slices[name] = part with { Rows = part.Rows + 1 };
        }

        void Keep(string text, TRow values, double badness)
        {
            // Of equally bad rows the earlier stay; words are only made for a row that stays.
            if (worst.Count == options.MaximumExamples && worst.TryPeek(out _, out var least) && badness <= least.Badness) return;
            (string expected, string answered) = overall.Describe(values);
            worst.Enqueue(new ReportMistake(text, expected, answered, badness), (badness, -rows));
            if (worst.Count > options.MaximumExamples) worst.Dequeue();
        }

        List<ReportMistake> WorstFirst()
        {
            List<ReportMistake> rising = [];
            while (worst.TryDequeue(out ReportMistake? mistake, out _)) rising.Add(mistake);
            rising.Reverse();
            return rising;
        }

        EvaluationSlice<TMetrics>? Slice(string name, Measure<TRow, TMetrics> measure, long count)
        {
            try
            {
                TMetrics of = measure.Compute();
                return new EvaluationSlice<TMetrics>(name, count, of, Figures(measure, of, options));
            }
            catch (InvalidOperationException)
            {
                // All its rows were left out, or weigh nothing.
                emptySlices.Note($"slice '{name}' has no row that counts; it is left out", slices[name].FirstRow, count);
                return null;
            }
        }
    }

    private static IEnumerable<DataViewSchema.Column> Given(DataViewSchema.Column? column) => column is { } given ? [given] : [];

    private static IReadOnlyList<EvaluationFigure> Figures<TRow, TMetrics>(Measure<TRow, TMetrics> measure, TMetrics metrics, EvaluationOptions options)
    {
        Dictionary<string, ConfidenceInterval> intervals = new(StringComparer.Ordinal);
        if (options.ConfidenceIntervals)
        {
            foreach (SegmentStatistics statistics in measure.Segments)
            {
                ResamplingOptions resampling = options.Cancellation.CanBeCanceled ? options.Resampling with { Cancellation = options.Cancellation } : options.Resampling;
                IReadOnlyList<double> scores = Bootstrap.Scores(statistics, resampling);
                intervals[statistics.Name] = options.ConfidenceLevel == 0.95 ? Bootstrap.Interval(statistics.Score(), scores) : Bootstrap.PercentileInterval(statistics.Score(), scores, options.ConfidenceLevel);
            }
        }
        return [.. measure.Figures(metrics).Select(figure => new EvaluationFigure(figure.Name, figure.Value, intervals.GetValueOrDefault(figure.Name)))];
    }
}
