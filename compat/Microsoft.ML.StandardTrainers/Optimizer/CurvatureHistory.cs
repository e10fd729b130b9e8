namespace Microsoft.ML.Trainers;

/// <summary>
/// The last steps and changes of gradient, through which the inverse Hessian is applied by the two-loop recursion
/// (Nocedal and Wright, Numerical Optimization, algorithm 7.4).
/// </summary>
internal sealed class CurvatureHistory(int capacity)
{
    private readonly List<(float[] Step, float[] Change, float Curvature)> _pairs = [];

    public void Clear() => _pairs.Clear();

    /// <summary>Remembers a step and its change of gradient; false where they are orthogonal.</summary>
    public bool Add(float[] from, float[] to, float[] gradientFrom, float[] gradientTo)
    {
        (float[] step, float[] change) = _pairs.Count == capacity ? (_pairs[0].Step, _pairs[0].Change) : (new float[to.Length], new float[to.Length]);
        if (_pairs.Count == capacity)
            _pairs.RemoveAt(0);
        Vectors.Combine(to, -1, from, step);
        Vectors.Combine(gradientTo, -1, gradientFrom, change);
        float curvature = Vectors.Dot(step, change);
        if (curvature == 0)
            return false;
        _pairs.Add((step, change, curvature));
        return true;
    }

    /// <summary>Replaces a descent direction by its product with the inverse Hessian; pairs of negative curvature are passed over.</summary>
    public void Precondition(float[] direction)
    {
        int newest = _pairs.FindLastIndex(pair => pair.Curvature > 0);
        if (newest < 0)
            return;
        var alphas = new float[newest + 1];
        for (int i = newest; i >= 0; i--)
        {
            var (step, change, curvature) = _pairs[i];
            if (curvature > 0)
            {
                alphas[i] = -Vectors.Dot(step, direction) / curvature;
                Vectors.AddScaled(change, alphas[i], direction);
            }
        }
        Vectors.Scale(direction, _pairs[newest].Curvature / Vectors.Dot(_pairs[newest].Change, _pairs[newest].Change));
        for (int i = 0; i <= newest; i++)
        {
            var (step, change, curvature) = _pairs[i];
            if (curvature > 0)
                Vectors.AddScaled(step, -alphas[i] - Vectors.Dot(change, direction) / curvature, direction);
        }
    }
}
