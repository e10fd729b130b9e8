using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A yes-or-no row and its probability.</summary>
internal readonly record struct JudgedProbability(bool Actual, double Probability, double Weight);

/// <summary>Everything that the probability of yes tells.</summary>
internal sealed class BinaryMeasure(double threshold, int calibrationBins, bool keepRows) : Measure<JudgedProbability, BinaryEvaluationMetrics>
{
    private readonly ClassificationAccumulator _labels = new(2, ["no", "yes"]);
    private readonly BinaryProbabilityAccumulator _probabilities = new();
    private readonly BinaryScoreAccumulator _scores = new();
    private readonly CalibrationAccumulator _calibration = new(calibrationBins);
    private readonly SegmentStatistics? _accuracy = keepRows ? WeightedMean.Statistics("Accuracy") : null, _brier = keepRows ? WeightedMean.Statistics("Brier score") : null;

    internal override IEnumerable<SegmentStatistics> Segments => _accuracy is null ? [] : [_accuracy, _brier!];

    internal override double Add(JudgedProbability row)
    {
        // It refuses what is no probability, before anything is counted.
        _probabilities.Add(row.Actual, row.Probability, row.Weight);
        bool predicted = row.Probability >= threshold;
        _labels.Add(row.Actual ? 1 : 0, predicted ? 1 : 0, row.Weight);
        _scores.Add(row.Actual, row.Probability, row.Weight);
        _calibration.Add(row.Probability, row.Actual, row.Weight);
        double miss = row.Probability - (row.Actual ? 1 : 0);
        _accuracy?.Add([predicted == row.Actual ? row.Weight : 0, row.Weight]);
        _brier?.Add([row.Weight * miss * miss, row.Weight]);
        return predicted == row.Actual ? 0 : Math.Abs(miss);
    }

    internal override BinaryEvaluationMetrics Compute() => new(_labels.Compute(), _probabilities.Compute(), _scores.Compute(), _calibration.Compute());

    internal override IEnumerable<(string Name, double Value)> Figures(BinaryEvaluationMetrics metrics) =>
        [("Accuracy", metrics.Labels.Accuracy), ("F1", metrics.Labels.PerClass[1].FScore), ("ROC AUC", metrics.Scores.RocAuc), ("Average precision", metrics.Scores.AveragePrecision), ("Brier score", metrics.Probabilities.BrierScore)];

    internal override (string Expected, string Answered) Describe(JudgedProbability row) => (Word(row.Actual), Word(row.Probability >= threshold));

    private static string Word(bool value) => value ? "yes" : "no";
}
