using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How multi-label predictions are read and scored.</summary>
public sealed record MultiLabelOptions
{
    /// <summary>A label is predicted where its score is at least this. Default 0.5; any finite number.</summary>
    public double Threshold { get; init => field = double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(nameof(Threshold), value, "Threshold must be finite."); } = 0.5;

    /// <summary>Weight of recall against precision in F. Default 1; 0 (F is precision) or greater; infinity makes F recall.</summary>
    public double Beta { get; init => field = Require.AtLeast(value, 0.0, nameof(Beta)); } = 1;

    /// <summary>What a score is whose denominator is 0. Default <see cref="ZeroDivision.Zero"/>.</summary>
    public ZeroDivision ZeroDivision { get; init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(ZeroDivision), value, "ZeroDivision must be Zero, One or NaN."); }
}
