using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>A greedy schedule at work.</summary>
internal sealed class GreedyReaction : RateReaction
{
    private readonly GreedySchedule _options;
    private readonly Queue<double> _window = [];

    public GreedyReaction(GreedySchedule options, double learningRate) : base(learningRate, options.Worst)
    {
        _options = options;
        Reset();
    }

    private double Bad
    {
        get => Get("bad");
        set => Set("bad", value);
    }

    private double Good
    {
        get => Get("good");
        set => Set("good", value);
    }

    private double Pause
    {
        get => Get("pause");
        set => Set("pause", value);
    }

    private double UntilReset
    {
        get => Get("until_reset");
        set => Set("until_reset", value);
    }

    public override void Restore(IReadOnlyDictionary<string, double> state)
    {
        base.Restore(state);
        _window.Clear();
        for (int i = 0; state.TryGetValue(WindowName(i), out double metric); i++) _window.Enqueue(metric);
    }

    private protected override void React(double metric)
    {
        double current = Mean(metric);
        if (Pause > 0)
        {
            (Pause, Bad, Good) = (Pause - 1, 0, 0);
            return;
        }
        if (_options.IsBetter(current, Best)) (Best, Bad, Good) = (current, 0, Good + 1);
        else (Bad, Good) = (Bad + 1, 0);
        if (Good > _options.Patience) Raise();
        else if (Bad > _options.Patience) Lower();
    }

    private void Raise()
    {
        double raised = Math.Min(LearningRate / _options.Factor, _options.MaximumRate);
        if (raised - LearningRate > _options.MinimumChange) LearningRate = raised;
        (Pause, Good, UntilReset) = (_options.RaisingPause, 0, _options.ResetAfter);
    }

    private void Lower()
    {
        double lowered = Math.Max(LearningRate * _options.Factor, _options.MinimumRate);
        if (LearningRate - lowered > _options.MinimumChange) LearningRate = lowered;
        bool isReset = LearningRate <= _options.MinimumRate && --UntilReset <= 0;
        if (isReset) Reset();
        (Pause, Bad) = (_options.Cooldown, 0);
    }

    private void Reset()
    {
        (LearningRate, Best, Bad, Good, Pause, UntilReset) = (InitialRate, _options.Worst, 0, 0, 0, _options.ResetAfter);
        _window.Clear();
        Keep();
    }

    private double Mean(double metric)
    {
        if (_options.Window == 1) return metric;
        _window.Enqueue(metric);
        if (_window.Count > _options.Window) _window.Dequeue();
        Keep();
        return _window.Average();
    }

    /// <summary>The window is a part of the state.</summary>
    private void Keep()
    {
        int i = 0;
        foreach (double metric in _window) Set(WindowName(i++), metric);
        for (; Has(WindowName(i)); i++) Remove(WindowName(i));
    }

    private static string WindowName(int index) => string.Create(CultureInfo.InvariantCulture, $"window_{index}");
}
