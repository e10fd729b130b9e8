namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>Metrics as sums and counts: added up over batches and replicas, divided once at the end.</summary>
public sealed class MetricSums
{
    private readonly SortedDictionary<string, (double Sum, double Count)> _sums = new(StringComparer.Ordinal);

    /// <summary>Adds to a metric, for example ("accuracy", correct answers, answers).</summary>
    public void Add(string name, double sum, double count)
    {
        (double oldSum, double oldCount) = _sums.GetValueOrDefault(name);
        _sums[name] = (oldSum + sum, oldCount + count);
    }

    /// <summary>Adds everything that <paramref name="other"/> has counted.</summary>
    public void Add(MetricSums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach ((string name, (double sum, double count)) in other._sums) Add(name, sum, count);
    }

    /// <summary>Each metric's sum divided by its count.</summary>
    public IReadOnlyDictionary<string, double> Means() => _sums.ToDictionary(entry => entry.Key, entry => entry.Value.Sum / entry.Value.Count, StringComparer.Ordinal);
}
