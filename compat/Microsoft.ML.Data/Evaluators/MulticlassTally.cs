namespace Microsoft.ML.Data;

/// <summary>Sums over scored rows from which the multiclass metrics are divided once.</summary>
internal sealed class MulticlassTally
{
    private const float Smallest = 1e-15f;

    private readonly int _classes;
    private readonly double[] _rowsOfClass;
    private readonly double[] _lossOfClass;
    private readonly double[] _ranks;
    private double _rows, _right, _loss;

    public MulticlassTally(int classes, int topK)
    {
        _classes = classes;
        TopK = topK;
        _rowsOfClass = new double[classes];
        _lossOfClass = new double[classes];
        _ranks = new double[classes + 1];
        Confusion = Enumerable.Range(0, classes).Select(_ => new double[classes]).ToArray();
    }

    public int TopK { get; }

    /// <summary>[truth][predicted]</summary>
    public double[][] Confusion { get; }

    public double MicroAccuracy => _rows > 0 ? _right / _rows : 0;

    /// <summary>The mean recall of the classes that occur.</summary>
    public double MacroAccuracy
    {
        get
        {
            double sum = 0;
            int seen = 0;
            for (int i = 0; i < _classes; i++)
            {
                if (_rowsOfClass[i] > 0)
                {
                    seen++;
                    sum += Confusion[i][i] / _rowsOfClass[i];
                }
            }
            return seen > 0 ? sum / seen : 0;
        }
    }

    public double LogLoss => _rows > 0 ? _loss / _rows : 0;

    /// <summary>How much of the prior's entropy the scores take away.</summary>
    public double LogLossReduction
    {
        get
        {
            double prior = 0;
            foreach (double rows in _rowsOfClass)
            {
                if (rows != 0)
                    prior += rows * Math.Log(rows / _rows);
            }
            prior /= -_rows;
            return (prior - LogLoss) / prior;
        }
    }

    public double[] PerClassLogLoss() => _lossOfClass.Select((loss, i) => _rowsOfClass[i] > 0 ? loss / _rowsOfClass[i] : 0).ToArray();

    /// <summary>Accuracy within the first 1, 2, ..., TopK ranks; more ranks than classes end in the exception of an array.</summary>
    public double[] TopKAccuracies()
    {
        var accuracies = new double[Math.Min(TopK, _ranks.Length)];
        double sum = 0;
        for (int k = 0; k < accuracies.Length; k++)
            accuracies[k] = sum += _ranks[k] / _rows;
        _ = accuracies[TopK - 1];
        return accuracies;
    }

    /// <summary>Counts a row; false where the label or a score can't be used.</summary>
    public void Add(float label, ReadOnlySpan<float> scores)
    {
        if (float.IsNaN(label) || label < 0 || label != (int)label)
            return;
        foreach (float score in scores)
        {
            if (!float.IsFinite(score))
                return;
        }

        int truth = (int)label;
        bool known = truth < _classes;
        // A label beyond the scores ranks behind every class, as if its probability were the smallest.
        float own = known ? scores[truth] : 0;
        double loss = -Math.Log(known ? Math.Min(1, Math.Max(Smallest, own)) : Smallest);
        int rank = 0, predicted = 0;
        for (int i = 0; i < _classes; i++)
        {
            if (scores[i] > own || (scores[i] == own && i < truth))
                rank++;
            if (scores[i] > scores[predicted])
                predicted = i;
        }

        _rows++;
        _loss += loss;
        _ranks[rank]++;
        if (rank == 0)
            _right++;
        if (known)
        {
            _rowsOfClass[truth]++;
            _lossOfClass[truth] += loss;
            Confusion[truth][rank == 0 ? truth : predicted]++;
        }
    }
}
