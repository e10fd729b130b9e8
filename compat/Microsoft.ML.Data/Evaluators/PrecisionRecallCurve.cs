namespace Microsoft.ML.Data;

/// <summary>
/// The area under precision over recall by the lower trapezoid estimator (Boyd, Eng, Page: Area under the Precision-Recall Curve, ECML 2013),
/// from at most 100,000 rows drawn without replacement.
/// </summary>
internal sealed class PrecisionRecallCurve(Random random)
{
    private const int Capacity = 100_000;

    private readonly List<(bool Positive, float Score)> _sample = [];
    private long _rows;

    public void Add(bool positive, float score)
    {
        _rows++;
        if (_sample.Count < Capacity)
            _sample.Add((positive, score));
        else if (random.NextDouble() * _rows < Capacity)
            _sample[random.Next(Capacity)] = (positive, score);
    }

    public double Area()
    {
        int positives = _sample.Count(row => row.Positive);
        int right = 0, seen = 0;
        double area = 0, recallBefore = 0, precisionBefore = 1;
        // Rows of equal score stay in their order.
        foreach (var row in _sample.OrderByDescending(row => row.Score))
        {
            seen++;
            if (row.Positive)
            {
                double recall = (double)++right / positives;
                area += (recall - recallBefore) * (precisionBefore + (double)right / seen) / 2;
                recallBefore = recall;
            }
            precisionBefore = (double)right / seen;
        }
        return area;
    }
}
