namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Weighted mean and sum of squared deviations from it, updated without cancellation (Welford, 1962; West, 1979) and merged (Chan et al., 1979).</summary>
internal struct Moments
{
    public double Weight { get; private set; }

    public double Mean { get; private set; }

    public double Deviations { get; private set; }

    public void Add(double value, double weight)
    {
        if (weight == 0) return;
        Weight += weight;
        double before = value - Mean;
        Mean += before * (weight / Weight);
        Deviations += weight * before * (value - Mean);
    }

    public void Merge(Moments other)
    {
        if (other.Weight == 0) return;
        double weight = Weight + other.Weight, distance = other.Mean - Mean;
        Deviations += other.Deviations + (distance * distance * (Weight * other.Weight / weight));
        Mean += distance * (other.Weight / weight);
        Weight = weight;
    }
}
