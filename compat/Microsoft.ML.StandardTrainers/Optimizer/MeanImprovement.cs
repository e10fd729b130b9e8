namespace Microsoft.ML.Trainers;

/// <summary>Stops when the geometrically weighted mean of the improvements falls below the tolerance.</summary>
internal sealed class MeanImprovement(float tolerance, float decay, int maximumIterations)
{
    private float _sum;

    public string Name => "Mean Improvement";

    public bool Met(Minimizer minimizer)
    {
        _sum = minimizer.LastValue - minimizer.Value + decay * _sum;
        float mean = _sum * (1 - decay) / (1 - (float)Math.Pow(decay, minimizer.Iteration));
        return mean < tolerance || minimizer.Iteration >= maximumIterations;
    }
}
