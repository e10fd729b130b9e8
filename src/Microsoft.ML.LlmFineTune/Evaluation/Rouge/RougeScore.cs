namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>ROUGE of one kind; all three from 0 to 1, higher is better.</summary>
/// <param name="Precision">The share of the prediction that the target has.</param>
/// <param name="Recall">The share of the target that the prediction has.</param>
/// <param name="FScore">Harmonic mean of the two; 0 when both are 0. Of a corpus: the mean of the texts' F, not the F of the means.</param>
public readonly record struct RougeScore(double Precision, double Recall, double FScore)
{
    internal static RougeScore Of(double matches, double predicted, double target)
    {
        double precision = predicted > 0 ? matches / predicted : 0, recall = target > 0 ? matches / target : 0;
        return new RougeScore(precision, recall, precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0);
    }
}
