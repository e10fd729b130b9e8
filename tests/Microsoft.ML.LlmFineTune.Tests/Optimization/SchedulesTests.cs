using Microsoft.ML.LlmFineTune.Optimization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

/// <summary>What holds for schedules beyond the golden curves.</summary>
public sealed class SchedulesTests
{
    private static readonly LearningRateSchedule[] Falling =
    [
        new LinearSchedule { Floor = 0.1 }, new CosineSchedule { Floor = 0.1 }, new CosineRestartsSchedule { Floor = 0.1 }, new PolynomialSchedule { Floor = 0.1, Power = 2 }, new WarmupStableDecaySchedule { Floor = 0.1, DecayFraction = 0.3 },
    ];

    [Fact]
    public void The_floor_is_where_they_end()
    {
        Assert.All(Falling, schedule => Assert.Equal(0.1, schedule.Factors(2000)(2000), 1e-12));
        Assert.Equal(0.55, new LinearSchedule { Floor = 0.1, WarmupSteps = 100 }.Factors(2000)(1050), 1e-12);
        Assert.Equal(0.55, new LinearSchedule { Floor = 0.1, WarmupSteps = 10, EndStep = 210 }.Factors(100)(110), 1e-12);
        // Beyond the end they stay, the cosine excepted.
        Assert.All(Falling.Where(schedule => schedule is not CosineSchedule), schedule => Assert.Equal(0.1, schedule.Factors(2000)(3000), 1e-12));
    }

    [Fact]
    public void A_fraction_of_warm_up_is_that_of_the_whole()
    {
        foreach (LearningRateSchedule schedule in Falling.Append(new ConstantSchedule()).Append(new InverseSquareRootSchedule()).Append(new WarmRestartsSchedule()).Append(new PlateauSchedule()))
        {
            Func<long, double> factors = (schedule with { WarmupFraction = 0.05 }).Factors(200), same = (schedule with { WarmupSteps = 10 }).Factors(200);
            for (int step = 0; step < 250; step++) Assert.Equal(same(step), factors(step));
            Assert.Equal(1, factors(10), 1e-12);
            Assert.True(factors(5) < factors(10));
        }
    }

    [Fact]
    public void Steps_fall_as_torchs_do()
    {
        // What torch.optim.lr_scheduler's StepLR(step_size=3, gamma=0.1) and MultiStepLR(milestones=[2, 5, 6], gamma=0.5) make of a rate of 1.
        Assert.Equal([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01], Factors(new StepSchedule { Every = 3 }, 8), Near);
        Assert.Equal([1, 1, 0.5, 0.5, 0.5, 0.25, 0.125, 0.125], Factors(new StepSchedule { Milestones = [2, 5, 6], Factor = 0.5 }, 8), Near);
        // Every so many steps counts from the end of the warm-up; milestones are steps of the run.
        Assert.Equal([0, 0.5, 1, 1, 1, 0.1, 0.1, 0.1, 0.01], Factors(new StepSchedule { Every = 3, WarmupSteps = 2 }, 9), Near);
        Assert.Equal([0, 0.5, 1, 0.1, 0.1], Factors(new StepSchedule { Milestones = [3], WarmupSteps = 2 }, 5), Near);
        // By default three parts, the last of which may be shorter.
        Assert.Equal([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01], Factors(new StepSchedule(), 8), Near);

        static double[] Factors(StepSchedule schedule, int steps) => [.. Enumerable.Range(0, steps).Select(step => schedule.Factors(steps)(step))];

        static bool Near(double one, double other) => Math.Abs(one - other) < 1e-15;
    }

    [Fact]
    public void Momentum_is_lowest_at_the_peak_of_one_cycle()
    {
        OneCycleSchedule schedule = new();
        (Func<long, double> factors, Func<long, double> momenta) = (schedule.Factors(1000), schedule.Momenta(1000)!);
        Assert.Equal((1.0, 0.85), (factors(299), momenta(299)));
        Assert.Equal((0.04, 0.95), (Math.Round(factors(0), 12), Math.Round(momenta(0), 12)));
        Assert.Equal(4e-6, factors(999), 1e-12);
        Assert.Equal(factors(999), factors(5000));
        Assert.Null((schedule with { CyclesMomentum = false }).Momenta(1000));
        Assert.Null(new CosineSchedule().Momenta(1000));
    }

    [Fact]
    public void Runs_of_a_step_or_two_have_finite_factors()
    {
        LearningRateSchedule[] all = [.. Falling, new ConstantSchedule(), new StepSchedule(), new InverseSquareRootSchedule(), new WarmRestartsSchedule(), new OneCycleSchedule(), new OneCycleSchedule { ThreePhases = true }, new SlantedTriangularSchedule(), new CosineSchedule { OneStepAhead = true, WarmupStart = 0.5, WarmupSteps = 1 }];
        foreach (LearningRateSchedule schedule in all)
        {
            for (int total = 1; total <= 4; total++)
            {
                Func<long, double> factors = schedule.Factors(total);
                for (int step = 0; step < 6; step++) Assert.InRange(factors(step), 0, 1);
            }
        }
    }

    [Fact]
    public void Defaults_are_pinned()
    {
        CosineSchedule cosine = new();
        Assert.Equal((null, null, null, false), (cosine.WarmupSteps, cosine.WarmupFraction, cosine.EndStep, cosine.HasOwnRise));
        Assert.Equal((0.0, 0.5, false, null), (cosine.Floor, cosine.Cycles, cosine.OneStepAhead, cosine.WarmupStart));
        Assert.Equal((0.0, 0.0, 1.0), (new LinearSchedule().Floor, new PolynomialSchedule().Floor, new PolynomialSchedule().Power));
        Assert.Equal((0.0, 1.0), (new CosineRestartsSchedule().Floor, new CosineRestartsSchedule().Cycles));
        Assert.Equal((0.0, 1000L, 1), (new WarmRestartsSchedule().Floor, new WarmRestartsSchedule().FirstPeriod, new WarmRestartsSchedule().PeriodFactor));
        Assert.Null(new InverseSquareRootSchedule().Timescale);
        Assert.Equal((null, null, 0.1), (new StepSchedule().Every, new StepSchedule().Milestones, new StepSchedule().Factor));
        OneCycleSchedule cycle = new();
        Assert.Equal((0.3, 25.0, 1e4, AnnealingShape.Cosine, false), (cycle.RiseFraction, cycle.StartDivisor, cycle.EndDivisor, cycle.Shape, cycle.ThreePhases));
        Assert.Equal((true, 0.85, 0.95, true), (cycle.CyclesMomentum, cycle.MinimumMomentum, cycle.MaximumMomentum, cycle.HasOwnRise));
        Assert.Equal((0.1, 32.0), (new SlantedTriangularSchedule().RiseFraction, new SlantedTriangularSchedule().Ratio));
        WarmupStableDecaySchedule stable = new();
        Assert.Equal((0.0, null, 0.1, null), (stable.Floor, stable.DecaySteps, stable.DecayFraction, stable.StableSteps));
        Assert.Equal((AnnealingShape.Linear, AnnealingShape.Cosine, 0.5), (stable.WarmupShape, stable.DecayShape, stable.Cycles));
        PlateauSchedule plateau = new();
        Assert.Equal((false, 0.1, 10L, 1e-4, true), (plateau.HigherIsBetter, plateau.Factor, plateau.Patience, plateau.Threshold, plateau.RelativeThreshold));
        Assert.Equal((0L, 0.0, 1e-8), (plateau.Cooldown, plateau.MinimumRate, plateau.MinimumChange));
        GreedySchedule greedy = new();
        Assert.Equal((0.95, 1e-6, false, 0.0, 1.0), (greedy.Factor, greedy.Threshold, greedy.RelativeThreshold, greedy.MinimumRate, greedy.MaximumRate));
        Assert.Equal((0L, 1, 500L), (greedy.RaisingPause, greedy.Window, greedy.ResetAfter));
        Assert.Equal((0.999, WeightAverageKind.Plain), (new WeightAverageOptions().Decay, new WeightAverageOptions().Kind));
    }

    [Fact]
    public void Bad_numbers_are_refused()
    {
        LearningRateSchedule[] bad =
        [
            new LinearSchedule { Floor = 1.5 }, new LinearSchedule { WarmupSteps = -1 }, new LinearSchedule { WarmupFraction = 1 }, new LinearSchedule { WarmupSteps = 1, WarmupFraction = 0.1 }, new LinearSchedule { EndStep = 0 },
            new CosineSchedule { Cycles = 0 }, new CosineSchedule { WarmupStart = 0.1 }, new CosineSchedule { OneStepAhead = true, WarmupStart = 2 }, new CosineRestartsSchedule { Cycles = 0 }, new WarmRestartsSchedule { FirstPeriod = 0 },
            new WarmRestartsSchedule { PeriodFactor = 0 }, new PolynomialSchedule { Power = 0 }, new InverseSquareRootSchedule { Timescale = 0 }, new OneCycleSchedule { RiseFraction = 1 }, new OneCycleSchedule { WarmupSteps = 5 },
            new OneCycleSchedule { ThreePhases = true, RiseFraction = 0.6 }, new OneCycleSchedule { StartDivisor = 0.5 }, new OneCycleSchedule { EndDivisor = 0 }, new OneCycleSchedule { Shape = AnnealingShape.OneMinusRoot },
            new OneCycleSchedule { MinimumMomentum = 0.96 }, new OneCycleSchedule { MaximumMomentum = 1 }, new SlantedTriangularSchedule { RiseFraction = 0 }, new SlantedTriangularSchedule { Ratio = 0.5 }, new SlantedTriangularSchedule { Ratio = double.PositiveInfinity }, new SlantedTriangularSchedule { WarmupFraction = 0.1 },
            new WarmupStableDecaySchedule { DecaySteps = -1 }, new WarmupStableDecaySchedule { DecayFraction = 2 }, new WarmupStableDecaySchedule { StableSteps = -1 }, new WarmupStableDecaySchedule { WarmupShape = (AnnealingShape)9 }, new WarmupStableDecaySchedule { Cycles = 0 },
            new StepSchedule { Every = 0 }, new StepSchedule { Factor = 1 }, new StepSchedule { Factor = 0 }, new StepSchedule { Milestones = [] }, new StepSchedule { Milestones = [0] }, new StepSchedule { Milestones = [3, 3] }, new StepSchedule { Every = 2, Milestones = [3] },
            new PlateauSchedule { Factor = 1 }, new PlateauSchedule { Patience = -1 }, new PlateauSchedule { Threshold = -1 }, new PlateauSchedule { Cooldown = -1 }, new PlateauSchedule { MinimumRate = -1 }, new PlateauSchedule { MinimumChange = -1 },
            new GreedySchedule { MaximumRate = 0 }, new GreedySchedule { RaisingPause = -1 }, new GreedySchedule { Window = 0 }, new GreedySchedule { ResetAfter = 0 },
        ];
        Assert.All(bad, broken => Assert.ThrowsAny<ArgumentException>(() => broken.Factors(100)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinearSchedule().Factors(0));
    }

    [Fact]
    public void A_reaction_continues_from_its_state_and_no_other()
    {
        GreedySchedule greedy = new() { Patience = 0, MinimumRate = 1e-4, Window = 3, Factor = 0.5, ResetAfter = 2 };
        RateReaction reaction = greedy.Start(1e-3), resumed = greedy.Start(1);
        // The mean falls with the window, then everything gets worse until the rate starts anew.
        double[] rates = [.. new double[] { 5, 4, 3, 2, 9, 9, 9, 9, 9, 9, 9, 9 }.Select(reaction.Observe)];
        Assert.True(rates.Max() > 1e-3 && rates.Contains(1e-4));
        resumed.Restore(reaction.State);
        foreach (double metric in new double[] { 3, 2, 7, 7, 7, 1 }) Assert.Equal(reaction.Observe(metric), resumed.Observe(metric));
        Assert.Contains("cooldown", Assert.Throws<ArgumentException>(() => new PlateauSchedule().Start(1).Restore(reaction.State)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => greedy.Start(0));
    }

    [Fact]
    public void At_the_lowest_rate_a_greedy_schedule_begins_anew()
    {
        RateReaction reaction = new GreedySchedule { Patience = 0, MinimumRate = 0.5, MaximumRate = 4, Factor = 0.5, ResetAfter = 2 }.Start(1);
        double[] rates = [.. new double[] { 1, 2, 2, 2, 0.5 }.Select(reaction.Observe)];
        // Raised, lowered to the first rate, to the lowest one (one lowering there), once more: anew; then better than nothing: raised.
        Assert.Equal([2, 1, 0.5, 1, 2], rates);
    }
}
