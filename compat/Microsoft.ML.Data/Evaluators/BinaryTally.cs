namespace Microsoft.ML.Data;

/// <summary>Sums over scored rows of two classes. A row is predicted positive where its score is above 0.</summary>
internal sealed class BinaryTally
{
    private readonly RocCurve _roc = new();
    private readonly PrecisionRecallCurve _precisionRecall;
    private double _truePositives, _trueNegatives, _falsePositives, _falseNegatives;
    private double _positivesWithProbability, _negativesWithProbability, _loss;

    public BinaryTally(Random random) => _precisionRecall = new PrecisionRecallCurve(random);

    private double Positives => _truePositives + _falseNegatives;

    private double Negatives => _trueNegatives + _falsePositives;

    public double Accuracy => (_trueNegatives + _truePositives) / (Positives + Negatives);

    public double PositiveRecall => Share(_truePositives, _falseNegatives);

    public double PositivePrecision => Share(_truePositives, _falsePositives);

    public double NegativeRecall => Share(_trueNegatives, _falsePositives);

    public double NegativePrecision => Share(_trueNegatives, _falseNegatives);

    public double F1Score
    {
        get
        {
            double sum = PositivePrecision + PositiveRecall;
            return sum == 0 ? 0 : 2 * PositivePrecision * PositiveRecall / sum;
        }
    }

    public double AreaUnderRocCurve => _roc.Area();

    public double AreaUnderPrecisionRecallCurve => _precisionRecall.Area();

    public double Entropy => EntropyOf(Positives / (Positives + Negatives));

    public double LogLoss
    {
        get
        {
            double rows = _positivesWithProbability + _negativesWithProbability;
            return double.IsNaN(_loss) ? double.NaN : rows > 0 ? _loss / rows : 0;
        }
    }

    public double LogLossReduction
    {
        get
        {
            double rows = _positivesWithProbability + _negativesWithProbability;
            if (rows == 0)
                return 0;
            double prior = EntropyOf(_positivesWithProbability / rows);
            return (prior - _loss / rows) / prior;
        }
    }

    /// <summary>[truth][predicted], the positive class first.</summary>
    public double[][] Confusion() => [[_truePositives, _falseNegatives], [_falsePositives, _trueNegatives]];

    public void Add(float label, float score, float probability)
    {
        if (!float.IsFinite(score) || float.IsNaN(label))
            return;

        bool positive = label > 0;
        (positive ? ref score > 0 ? ref _truePositives : ref _falseNegatives : ref score > 0 ? ref _falsePositives : ref _trueNegatives)++;
        if (!float.IsNaN(probability))
            (positive ? ref _positivesWithProbability : ref _negativesWithProbability)++;
        _loss += -Math.Log(positive ? probability : 1.0 - probability, 2);
        _roc.Add(positive, score);
        _precisionRecall.Add(positive, score);
    }

    private static double Share(double part, double rest) => part + rest > 0 ? part / (part + rest) : 0;

    private static double EntropyOf(double p) => p is < 0 or > 1 ? double.NaN : p is 0 or 1 ? 0 : -p * Math.Log(p, 2) - (1 - p) * Math.Log(1 - p, 2);
}
