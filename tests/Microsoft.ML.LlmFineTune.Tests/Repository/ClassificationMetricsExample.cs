// <example>
using Microsoft.ML.LlmFineTune.Evaluation;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/metrics-classification.md, word for word between the marks.</summary>
internal static class ClassificationMetricsExample
{
    public static ClassificationMetrics Run(ClassificationAccumulator ofAnotherThread)
    {
        // <example>

        var accumulator = new ClassificationAccumulator(classes: 3, ["positive", "negative", "neutral"]);
        accumulator.Add(actual: 0, predicted: 1);                  // row after row; a weight is optional
        accumulator.Merge(ofAnotherThread);                        // what others have counted
        ClassificationMetrics metrics = accumulator.Compute();     // an immutable record; counting may go on
        Console.WriteLine($"{metrics.Accuracy:0.000} {metrics.Macro.FScore:0.000} {metrics.CohenKappa(KappaWeighting.Quadratic):0.000}");
        // </example>
        return metrics;
    }
}
