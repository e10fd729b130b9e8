namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// An exponentially weighted mean whose start is corrected, as Adam's moments are (Kingma, Ba: "Adam", 2015, section 3): the first value is its own mean. Values that are not finite are passed over.
/// </summary>
/// <param name="smoothing">How much of the mean stays at each value, from 0 (the value itself) to less than 1.</param>
internal struct SmoothedValue(double smoothing)
{
    private double _sum, _weight;

    /// <summary>The mean; NaN before the first value.</summary>
    public readonly double Value => _weight > 0 ? _sum / _weight : double.NaN;

    /// <summary>Takes a value in.</summary>
    public void Add(double value)
    {
        if (!double.IsFinite(value)) return;
        _sum = (smoothing * _sum) + ((1 - smoothing) * value);
        _weight = (smoothing * _weight) + (1 - smoothing);
    }
}
