using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// The losses of a learning-rate range test, smoothed, as they come in; and the rate that they suggest: where the smoothed loss falls fastest over the logarithm of
/// the rate, which is well before it is lowest. Whoever trains asks for <see cref="NextRate"/>, takes the step and tells the loss, until <see cref="IsFinished"/>.
/// </summary>
public sealed class RateCurve
{
    private readonly RateRangeOptions _options;
    private readonly List<RatePoint> _points = [];
    private double _mean, _best = double.PositiveInfinity;

    /// <summary>Begins a test.</summary>
    /// <param name="options">The settings; null: the defaults.</param>
    public RateCurve(RateRangeOptions? options = null)
    {
        _options = options ?? new RateRangeOptions();
        _options.Validate();
    }

    /// <summary>The steps so far.</summary>
    public IReadOnlyList<RatePoint> Points => _points;

    /// <summary>Whether the loss has grown beyond all bounds, or is not a number.</summary>
    public bool HasDiverged { get; private set; }

    /// <summary>Whether there is nothing left to try.</summary>
    public bool IsFinished => HasDiverged || _points.Count == _options.Steps;

    /// <summary>The rate of the next step.</summary>
    /// <exception cref="InvalidOperationException">The test is finished.</exception>
    public double NextRate
    {
        get
        {
            Require.State(!IsFinished, "The range test is finished (IsFinished); there is no next rate.");
            return _options.RateAt(_points.Count);
        }
    }

    /// <summary>Takes the loss of the step that was taken with <see cref="NextRate"/>.</summary>
    /// <param name="loss">Loss a target. One that is not finite ends the test and is not a point of the curve.</param>
    public void Add(double loss)
    {
        double rate = NextRate;
        if (!double.IsFinite(loss))
        {
            HasDiverged = true;
            return;
        }
        _mean = (_mean * _options.Smoothing) + (loss * (1 - _options.Smoothing));
        double smoothed = _mean / (1 - Math.Pow(_options.Smoothing, _points.Count + 1));
        _points.Add(new RatePoint(rate, loss, smoothed));
        // The first smoothed loss is but one loss.
        HasDiverged = _points.Count > 1 && smoothed > _options.DivergenceFactor * _best;
        _best = Math.Min(_best, smoothed);
    }

    /// <summary>
    /// The rate at which the smoothed loss falls fastest, before its minimum; null where it never falls, or where there are fewer than three points. The first tenth of the points is not looked at: their smoothed losses are
    /// means of few losses, and go up and down with them.
    /// </summary>
    public double? Suggest()
    {
        if (_points.Count < 3) return null;
        int first = Math.Max(1, _points.Count / 10), lowest = Enumerable.Range(first, _points.Count - first).MinBy(i => _points[i].SmoothedLoss), steepest = -1;
        double slope = 0;
        for (int i = first; i <= Math.Min(lowest, _points.Count - 2); i++)
        {
            double here = (_points[i + 1].SmoothedLoss - _points[i - 1].SmoothedLoss) / Math.Log(_points[i + 1].LearningRate / _points[i - 1].LearningRate);
            if (here < slope) (slope, steepest) = (here, i);
        }
        return steepest < 0 ? null : _points[steepest].LearningRate;
    }
}
