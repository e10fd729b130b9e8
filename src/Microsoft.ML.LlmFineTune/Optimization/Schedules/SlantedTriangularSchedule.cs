using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>A short straight rise and a long straight fall (Howard, Ruder: "Universal Language Model Fine-tuning for Text Classification", 2018).</summary>
public sealed record SlantedTriangularSchedule : LearningRateSchedule
{
    /// <summary>The part of the steps in which the factor rises; greater than 0 and less than 1. Default 0.1.</summary>
    public double RiseFraction { get; init; } = 0.1;

    /// <summary>How many times smaller than the peak both ends are; at least 1. Default 32.</summary>
    public double Ratio { get; init; } = 32;

    /// <inheritdoc/>
    public override bool HasOwnRise => true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Positive(RiseFraction);
        Require.Below(RiseFraction, 0.0, 1.0);
        Require.Finite(Require.AtLeast(Ratio, 1), nameof(Ratio));
    }

    private protected override Func<long, double> Curve(long end, long warmup)
    {
        double cut = Math.Floor(end * RiseFraction);
        // The paper's fall begins at the cut and takes cut * (1 / fraction - 1) steps; without a rise it takes all.
        double fall = cut > 0 ? cut * ((1 / RiseFraction) - 1) : end;
        return step => (1 + (Math.Max(0, step < cut ? step / cut : 1 - ((step - cut) / fall)) * (Ratio - 1))) / Ratio;
    }
}
