namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>A plateau schedule at work.</summary>
internal sealed class PlateauReaction : RateReaction
{
    private readonly PlateauSchedule _options;

    public PlateauReaction(PlateauSchedule options, double learningRate) : base(learningRate, options.Worst)
    {
        _options = options;
        (Bad, Cooling) = (0, 0);
    }

    private double Bad
    {
        get => Get("bad");
        set => Set("bad", value);
    }

    private double Cooling
    {
        get => Get("cooldown");
        set => Set("cooldown", value);
    }

    private protected override void React(double metric)
    {
        if (_options.IsBetter(metric, Best)) (Best, Bad) = (metric, 0);
        else Bad++;
        if (Cooling > 0) (Cooling, Bad) = (Cooling - 1, 0);
        if (Bad <= _options.Patience) return;
        (Cooling, Bad) = (_options.Cooldown, 0);
        double lowered = Math.Max(LearningRate * _options.Factor, _options.MinimumRate);
        if (LearningRate - lowered > _options.MinimumChange) LearningRate = lowered;
    }
}
