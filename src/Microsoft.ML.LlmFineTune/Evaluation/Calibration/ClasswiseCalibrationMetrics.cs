namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Calibration of every class's probability, not of the answer's alone. Source: Kull et al., 2019 ("Beyond temperature scaling").</summary>
/// <param name="PerClass">Of each class: its probability as confidence, having the class as being right.</param>
public sealed record ClasswiseCalibrationMetrics(IReadOnlyList<CalibrationMetrics> PerClass)
{
    /// <summary>Mean of the classes' expected calibration errors, 0 (perfect) to 1.</summary>
    public double ExpectedCalibrationError { get; } = PerClass.Average(metrics => metrics.ExpectedCalibrationError);
}
