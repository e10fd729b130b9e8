// <example>
using Microsoft.ML;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Evaluation;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The example of docs/evaluation.md, word for word between the marks.</summary>
internal static class EvaluationExample
{
    public static EvaluationReport Run(IEnumerable<TranslationRow> rows, IEnumerable<TranslationRow> otherRows, IEnumerable<string> texts, Func<IReadOnlyList<string>, IReadOnlyList<double>> score, string reportFile)
    {
        // <example>

        var mlContext = new MLContext(seed: 1);
        IDataView translations = mlContext.Data.LoadFromEnumerable(rows);

        // The figure alone.
        Console.WriteLine(mlContext.Evaluation.Bleu(translations, "GeneratedText", "Reference").Metrics);

        // With a 95 % interval, by source, and with the worst rows.
        var options = new EvaluationOptions { ConfidenceIntervals = true, SliceColumnName = "Source", ExampleColumnName = "Original" };
        EvaluationResult<BleuMetrics> result = mlContext.Evaluation.Bleu(translations, "GeneratedText", "Reference", evaluation: options);
        Console.WriteLine(result["BLEU"].Interval);
        foreach (var slice in result.Slices) Console.WriteLine($"{slice.Name}: {slice.Metrics.Score:0.00} over {slice.Rows} rows");

        // Is it better than another system, by more than chance?
        IDataView baseline = mlContext.Data.LoadFromEnumerable(otherRows);
        foreach (var comparison in mlContext.Evaluation.Compare(baseline, translations, (view, keep) => mlContext.Evaluation.Bleu(view, evaluation: keep)))
            Console.WriteLine($"{comparison.Metric}: {comparison.Difference:+0.00;-0.00}, p = {comparison.PValue:0.000}");

        // Do answers change when a text speaks of another group?
        var terms = TermTable.OfPairs("male", "female", ("he", "she"), ("him", "her"), ("king", "queen"));
        CounterfactualResult swapped = CounterfactualEvaluation.Evaluate(texts, new TermSwapper(terms), score);
        Console.WriteLine($"{swapped.Metrics?.Overall.FlipRate:0.0 %} of the answers change");

        // A report for people: text, JSON, and one HTML page that needs no other file.
        EvaluationReport report = result.ToReport("Translation").With(new NotesSection("Data", "A test set of four sentences."));
        if (swapped.Metrics is not null) report = report.WithMetrics("Counterfactual texts", swapped.Metrics);
        Console.WriteLine(report.ToText());
        report.SaveHtml(reportFile);
        // </example>
        return report;
    }
}

/// <summary>A translation, what it should be, and where it comes from.</summary>
public sealed class TranslationRow
{
    public string Original { get; set; } = "";

    public string GeneratedText { get; set; } = "";

    public string Reference { get; set; } = "";

    public string Source { get; set; } = "";
}
