namespace Microsoft.ML.Data;

/// <summary>Sums over scored rows from which the regression metrics are divided once.</summary>
internal sealed class RegressionTally
{
    private double _rows, _absolute, _squared, _loss, _label, _labelSquared;

    public double MeanAbsoluteError => Mean(_absolute);

    public double MeanSquaredError => Mean(_squared);

    /// <summary>The squared loss, rounded to float32 for each row.</summary>
    public double Loss => Mean(_loss);

    /// <summary>In one pass, with the cancellation that labels of a large offset suffer; NaN where the labels don't vary.</summary>
    public double RSquared
    {
        get
        {
            if (_rows == 0)
                return 0;
            double variation = _labelSquared - _label * _label / _rows;
            return variation == 0 ? double.NaN : 1 - _squared / variation;
        }
    }

    public void Add(float label, float score)
    {
        if (float.IsNaN(label) || float.IsNaN(score))
            return;
        _rows++;
        _label += label;
        _labelSquared += label * label;
        double error = Math.Abs((double)label - score);
        _absolute += error;
        _squared += error * error;
        float difference = score - label;
        _loss += difference * difference;
    }

    private double Mean(double sum) => _rows > 0 ? sum / _rows : 0;
}
