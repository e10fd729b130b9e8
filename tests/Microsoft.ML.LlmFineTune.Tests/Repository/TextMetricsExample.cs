// <example>
using Microsoft.ML.LlmFineTune.Evaluation;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/metrics-text.md, word for word between the marks.</summary>
internal static class TextMetricsExample
{
    public static BleuMetrics Run(IEnumerable<(string, string)> pairs)
    {
        // <example>

        BleuAccumulator bleu = new(new BleuOptions { Lowercase = true }, keepSegments: true);
        foreach (var (hypothesis, reference) in pairs) bleu.Add(hypothesis, reference);
        BleuMetrics metrics = bleu.Compute();
        Console.WriteLine(metrics);                                      // BLEU = 28.30 60.5/34.6/...
        Console.WriteLine(metrics.Signature);                            // nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0
        Console.WriteLine(Bootstrap.Interval(bleu.PerSegment!).HalfWidth);
        // </example>
        return metrics;
    }
}
