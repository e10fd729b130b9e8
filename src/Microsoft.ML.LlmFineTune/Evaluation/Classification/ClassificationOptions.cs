using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How precision, recall and F are computed.</summary>
public sealed record ClassificationOptions
{
    /// <summary>Weight of recall against precision in F. Default 1; 0 (F is precision) or greater; infinity makes F recall.</summary>
    public double Beta { get; init => field = Require.AtLeast(value, 0.0, nameof(Beta)); } = 1;

    /// <summary>What a score is whose denominator is 0. Default <see cref="ZeroDivision.Zero"/>.</summary>
    public ZeroDivision ZeroDivision { get; init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(ZeroDivision), value, "ZeroDivision must be Zero, One or NaN."); }
}
