using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>
/// Metrics of data views: <c>mlContext.Evaluation</c>. Each verb checks the columns before any work (an error names the column, what it has to be and what it is), walks the view once, and gives the metrics and, where
/// <see cref="EvaluationOptions"/> ask for it, confidence intervals, slices and the worst rows.
/// </summary>
/// <remarks>Rows with values that a metric refuses (a NaN score, a probability above 1) end the evaluation with an <see cref="ArgumentException"/> that names the row, counted from 0.</remarks>
public sealed partial class EvaluationCatalog
{
    internal EvaluationCatalog()
    {
    }

    /// <summary>Whether a system differs from a baseline by more than chance: both views are evaluated the same way, and compared row by row.</summary>
    /// <param name="baseline">The answers of the baseline.</param>
    /// <param name="system">The answers of the system: the same rows in the same order.</param>
    /// <param name="evaluate">How a view is evaluated; it hands on the options that it is given, which keep the rows: <c>(view, options) => mlContext.Evaluation.Bleu(view, evaluation: options)</c>.</param>
    /// <param name="test">Which test; default paired bootstrap.</param>
    /// <param name="options">Samples, seed and cancellation; default null: sacreBLEU's.</param>
    /// <returns>One comparison a figure that is made of rows.</returns>
    /// <exception cref="ArgumentException">The views have different rows, or <paramref name="evaluate"/> doesn't hand on its options.</exception>
    public IReadOnlyList<PairedComparison> Compare<TMetrics>(IDataView baseline, IDataView system, Func<IDataView, EvaluationOptions, EvaluationResult<TMetrics>> evaluate, PairedTest test = PairedTest.Bootstrap, ResamplingOptions? options = null)
        where TMetrics : notnull
    {
        Require.NotNull(baseline);
        Require.NotNull(system);
        Require.NotNull(evaluate);
        EvaluationOptions keeping = new() { KeepRows = true, Cancellation = options?.Cancellation ?? default };
        return evaluate(system, keeping).CompareTo(evaluate(baseline, keeping), test, options);
    }

    private static DataViewSchema.Column[] Given(params DataViewSchema.Column?[] columns) => [.. columns.OfType<DataViewSchema.Column>()];

    private static DataViewSchema.Column? Weight(IDataView data, string? name) => name is null ? null : EvaluationColumns.RequireNumber(data.Schema, name);

    private static Func<double> WeightReader(DataViewRow row, DataViewSchema.Column? column) => column is { } given ? EvaluationColumns.NumberReader(row, given) : static () => 1;

    private static IReadOnlyList<string> Names(DataViewSchema.Column vector, int size) => EvaluationColumns.SlotNames(vector) is { } names && names.Count == size && names.All(name => name.Length > 0)
        ? names : [.. Enumerable.Range(0, size).Select(i => FormattableString.Invariant($"{i}"))];

    /// <summary>The size of a vector column, which must be known.</summary>
    private static int Size(DataViewSchema.Column column, string of)
    {
        int size = ((VectorDataViewType)column.Type).Size;
        Require.Argument(size > 0, $"Column '{column.Name}' has to be a vector of a known size, one number a {of}, and is {column.Type}.");
        return size;
    }
}
