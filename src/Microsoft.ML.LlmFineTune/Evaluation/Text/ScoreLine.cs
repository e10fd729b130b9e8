using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>The line that sacreBLEU prints for a score.</summary>
internal static class ScoreLine
{
    public static string Of(string name, double score, int digits, MetricSignature? signature, ConfidenceInterval? interval)
    {
        Require.Within(digits, 0, 15);
        string confidence = interval is { Mean: > 0 } ? $" (μ = {PythonText.Fixed(interval.Mean, digits)} ± {PythonText.Fixed(interval.HalfWidth, digits)})" : "";
        return $"{name}{(signature is null ? "" : $"|{signature}")} = {PythonText.Fixed(score, digits)}{confidence}";
    }
}
