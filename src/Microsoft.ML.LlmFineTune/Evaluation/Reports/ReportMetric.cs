namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A figure of a report.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">The number, or words (a signature, for example).</param>
/// <param name="Level">How sure the value's interval is; null when there is none. 0.95 for a 95 % interval.</param>
/// <param name="Note">What helps to read it; null for nothing.</param>
public sealed record ReportMetric(string Name, ReportCell Value, double? Level = null, string? Note = null)
{
    /// <summary>A figure with its confidence interval.</summary>
    public static ReportMetric Of(string name, ConfidenceInterval interval, string? note = null) => new(name, ReportCell.Of(Runtime.Require.NotNull(interval).Score, interval.Lower, interval.Upper), interval.Level, note);
}
