namespace Microsoft.ML.Trainers;

/// <summary>The mean loss over the rows plus half the weighted L2 norm of everything but the biases, also divided by the weight of all rows.</summary>
internal sealed class RegularizedObjective(IRowSource rows, RowLoss loss, float l2, double totalWeight)
{
    private readonly float[][] _gradients = Enumerable.Range(0, rows.Parts - 1).Select(_ => new float[loss.Parameters]).ToArray();
    private readonly float[] _losses = new float[rows.Parts];

    public float Evaluate(float[] point, float[] gradient)
    {
        if (rows.Parts == 1)
            _losses[0] = OfPart(0, point, gradient);
        else
            Parallel.For(0, rows.Parts, part => _losses[part] = OfPart(part, point, part == 0 ? gradient : _gradients[part - 1]));
        float sum = _losses[0];
        for (int part = 1; part < rows.Parts; part++)
        {
            Vectors.AddScaled(_gradients[part - 1], 1, gradient);
            sum += _losses[part];
        }

        float penalty = 0;
        if (l2 > 0)
        {
            double norm = 0;
            foreach (float weight in point.AsSpan(loss.Classes))
                norm += weight * weight;
            penalty = (float)(norm * l2 * 0.5);
            Vectors.AddScaled(point.AsSpan(loss.Classes), l2, gradient.AsSpan(loss.Classes));
        }
        float scale = 1 / (float)totalWeight;
        Vectors.Scale(gradient, scale);
        return (sum + penalty) * scale;
    }

    private float OfPart(int part, float[] point, float[] gradient)
    {
        Array.Clear(gradient);
        var scores = new float[loss.Classes];
        double sum = 0;
        rows.Walk(part, (in Data.VBuffer<float> row, float label, float weight) => sum += loss.Add(in row, label, weight, point, gradient, scores));
        return (float)sum;
    }
}
