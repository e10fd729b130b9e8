namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Whether confidences are what they claim to be: of the predictions made with a confidence of 0.8, are four fifths right? Source: Guo et al., 2017 ("On calibration of modern neural networks").</summary>
/// <param name="Rows">Rows, those whose confidence is in no bin included.</param>
/// <param name="TotalWeight">Sum of their weights.</param>
/// <param name="Bins">The bins, by rising confidence.</param>
public sealed record CalibrationMetrics(long Rows, double TotalWeight, IReadOnlyList<CalibrationBin> Bins)
{
    /// <summary>ECE: sum over the bins of (share of all rows) * |accuracy - mean confidence|, 0 (perfect) to 1.</summary>
    public double ExpectedCalibrationError { get; } = Bins.Sum(bin => bin.Weight / TotalWeight * (bin.Gap ?? 0));

    /// <summary>MCE: the largest |accuracy - mean confidence| of a bin with rows, 0 (perfect) to 1.</summary>
    public double MaximumCalibrationError { get; } = Bins.Max(bin => bin.Gap) ?? 0;
}
