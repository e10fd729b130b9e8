namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>The predictions of a range of confidences: a point of a reliability diagram.</summary>
/// <param name="Lower">Lower edge, itself outside; for bins of equal numbers of rows the lowest confidence.</param>
/// <param name="Upper">Upper edge, itself inside; for bins of equal numbers of rows the highest confidence.</param>
/// <param name="Weight">Sum of the weights of the rows in it: their number where rows have no weights.</param>
/// <param name="Accuracy">Share of them that was right, 0 to 1; null where there are none.</param>
/// <param name="MeanConfidence">Mean confidence, 0 to 1; null where there are none.</param>
public sealed record CalibrationBin(double Lower, double Upper, double Weight, double? Accuracy, double? MeanConfidence)
{
    /// <summary>|accuracy - mean confidence|, 0 to 1; null where there are no rows.</summary>
    public double? Gap => Accuracy is double accuracy && MeanConfidence is double confidence ? Math.Abs(accuracy - confidence) : null;

    internal static CalibrationBin Of(double lower, double upper, double weight, double right, double confidence) => weight == 0 ? new(lower, upper, 0, null, null) : new(lower, upper, weight, right / weight, confidence / weight);
}
