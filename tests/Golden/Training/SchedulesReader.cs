using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Optimization;

namespace Golden.Training;

/// <summary>training/schedules.json: the learning rate at every step, past the end of the schedule too; the momentum of one-cycle schedules; the rate after each metric of reactive ones.</summary>
internal sealed class SchedulesReader : CaseReader
{
    private const double Tolerance = 1e-12;

    public override bool Reads(string file) => file.StartsWith("schedules", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        var options = new OptionReader(c["call"].GetString()!, c["options"], c["defaults"]);
        if (c["metrics"].IsGiven()) VerifyReactive(c, options, tally);
        else VerifyFactors(c, options, tally);
    }

    private static void VerifyFactors(FixtureCase c, OptionReader options, Tally tally)
    {
        // One-cycle schedules name their peak; factors are what is left of the rates.
        var peak = c["base_lr"].IsGiven() ? c["base_lr"].ToDouble() : options.Number("max_lr", 1);
        var total = options.Whole("num_training_steps") ?? options.Whole("total_steps") ?? (options.Whole("epochs") * options.Whole("steps_per_epoch")) ?? 1;
        var schedule = Schedule(c["call"].GetString()!, c["formula"].IsGiven() ? c["formula"].GetString() : null, options, peak);
        options.Finish();
        var factors = schedule.Factors(total);
        double[] At(int count, Func<long, double> values) => [.. Enumerable.Range(0, count).Select(step => values(step))];
        if (c["multipliers"].IsGiven()) tally.Numbers("multipliers", c["multipliers"].ToDoubles(), At(c["multipliers"].GetArrayLength(), factors), Tolerance);
        if (c["learning_rates"].IsGiven()) tally.Numbers("learning rates", c["learning_rates"].ToDoubles(), At(c["learning_rates"].GetArrayLength(), step => peak * factors(step)), Tolerance);
        if (c["momentums"].IsGiven())
        {
            // Where nothing cycles the optimizer's own momentum stays, 0.9 in the fixture.
            var momenta = schedule.Momenta(total) ?? (_ => 0.9);
            tally.Numbers("momenta", c["momentums"].ToDoubles(), At(c["momentums"].GetArrayLength(), momenta), Tolerance);
        }
    }

    /// <summary>The schedule that a function of transformers or torch, or a formula, describes.</summary>
    public static LearningRateSchedule Schedule(string call, string? formula, OptionReader o, double peak)
    {
        double Floor() => o.Number("min_lr_rate") ?? (o.Number("min_lr") / peak) ?? 0;
        LearningRateSchedule made;
        if (o.Whole("last_epoch") is { } at and not -1) throw new UnsupportedException($"a schedule begins at its first step, not after {at}");
        switch (call.Split('.')[^1])
        {
            case "get_constant_schedule" or "get_constant_schedule_with_warmup":
                made = new ConstantSchedule();
                break;
            case "get_linear_schedule_with_warmup":
                made = new LinearSchedule();
                break;
            case "get_cosine_schedule_with_warmup":
                made = new CosineSchedule { Cycles = o.Number("num_cycles", 0.5) };
                break;
            case "get_cosine_with_min_lr_schedule_with_warmup":
                made = new CosineSchedule { Cycles = o.Number("num_cycles", 0.5), Floor = Floor() };
                break;
            case "get_cosine_with_min_lr_schedule_with_warmup_lr_rate":
                made = new CosineSchedule { Cycles = o.Number("num_cycles", 0.5), Floor = Floor(), OneStepAhead = true, WarmupStart = o.Number("warmup_lr_rate") };
                break;
            case "get_cosine_with_hard_restarts_schedule_with_warmup":
                made = new CosineRestartsSchedule { Cycles = o.Number("num_cycles", 1) };
                break;
            case "get_polynomial_decay_schedule_with_warmup":
                made = new PolynomialSchedule { Power = o.Number("power", 1), Floor = o.Number("lr_end", 1e-7) / peak };
                break;
            case "get_inverse_sqrt_schedule":
                made = new InverseSquareRootSchedule { Timescale = o.Whole("timescale") };
                break;
            case "get_wsd_schedule":
                made = new WarmupStableDecaySchedule
                {
                    StableSteps = o.Whole("num_stable_steps"), DecaySteps = o.Whole("num_decay_steps"), WarmupShape = Shape(o.Text("warmup_type", "linear")), DecayShape = Shape(o.Text("decay_type", "cosine")),
                    Floor = o.Number("min_lr_ratio", 0), Cycles = o.Number("num_cycles", 0.5),
                };
                break;
            case "CosineAnnealingWarmRestarts":
                made = new WarmRestartsSchedule { FirstPeriod = o.Whole("T_0")!.Value, PeriodFactor = (int)(o.Whole("T_mult") ?? 1), Floor = o.Number("eta_min", 0) / peak };
                break;
            case "CosineAnnealingLR":
                return new CosineSchedule { EndStep = o.Whole("T_max"), Floor = o.Number("eta_min", 0) / peak };
            case "OneCycleLR":
                return new OneCycleSchedule
                {
                    RiseFraction = o.Number("pct_start", 0.3), StartDivisor = o.Number("div_factor", 25), EndDivisor = o.Number("final_div_factor", 1e4), Shape = Shape(o.Text("anneal_strategy", "cos")),
                    ThreePhases = o.Flag("three_phase"), CyclesMomentum = o.Flag("cycle_momentum", true), MinimumMomentum = o.Number("base_momentum", 0.85), MaximumMomentum = o.Number("max_momentum", 0.95),
                };
            case "formula" when formula is not null && formula.Contains("cut_frac", StringComparison.Ordinal):
                return new SlantedTriangularSchedule { RiseFraction = o.Number("cut_frac", 0.1), Ratio = o.Number("ratio", 32) };
            default:
                throw new UnsupportedException($"there is no schedule {call}");
        }
        return made with { WarmupSteps = o.Whole("num_warmup_steps") };
    }

    private static AnnealingShape Shape(string name) => name switch
    {
        "linear" => AnnealingShape.Linear,
        "cosine" or "cos" => AnnealingShape.Cosine,
        "1-sqrt" => AnnealingShape.OneMinusRoot,
        _ => throw new UnsupportedException($"there is no way {name} from one factor to another"),
    };

    private static void VerifyReactive(FixtureCase c, OptionReader o, Tally tally)
    {
        o.Ignore("verbose");
        bool HigherIsBetter() => o.Text("mode", "min") switch
        {
            "min" => false,
            "max" => true,
            var mode => throw new UnsupportedException($"there is no mode {mode}"),
        };
        bool IsRelative(string otherwise) => o.Text("threshold_mode", otherwise) switch
        {
            "rel" => true,
            "abs" => false,
            var mode => throw new UnsupportedException($"there is no threshold mode {mode}"),
        };
        ReactiveSchedule schedule = c["call"].GetString()! switch
        {
            var call when call.Contains("plateau", StringComparison.OrdinalIgnoreCase) => new PlateauSchedule
            {
                Factor = o.Number("factor", 0.1), Patience = o.Whole("patience") ?? 10, Threshold = o.Number("threshold", 1e-4), RelativeThreshold = IsRelative("rel"), Cooldown = o.Whole("cooldown") ?? 0,
                MinimumRate = o.Number("min_lr", 0), MinimumChange = o.Number("eps", 1e-8), HigherIsBetter = HigherIsBetter(),
            },
            var call when call.Contains("greedy", StringComparison.OrdinalIgnoreCase) => new GreedySchedule
            {
                Factor = o.Number("factor", 0.95), Patience = o.Whole("patience") ?? 10, Threshold = o.Number("threshold", 1e-6), RelativeThreshold = IsRelative("abs"), Cooldown = o.Whole("cooldown") ?? 0,
                RaisingPause = o.Whole("warmup") ?? 0, MinimumRate = o.Number("min_lr", 1e-3), MaximumRate = o.Number("max_lr", 1), MinimumChange = o.Number("eps", 1e-8), HigherIsBetter = HigherIsBetter(),
                Window = o.Flag("smooth") ? (int)(o.Whole("window_size") ?? 50) : 1, ResetAfter = o.Whole("reset_start") ?? 500,
            },
            var call => throw new UnsupportedException($"there is no schedule {call}"),
        };
        o.Ignore("window_size");
        o.Finish();
        RateReaction reaction = schedule.Start(c["base_lr"].ToDouble()), resumed = schedule.Start(1);
        List<double> rates = [];
        foreach (var metric in c["metrics"].ToDoubles())
        {
            // Each step from a restored state.
            resumed.Restore(reaction.State);
            rates.Add(resumed.Observe(metric));
            reaction.Observe(metric);
        }
        tally.Numbers("learning rates", c["learning_rates_after_metric"].ToDoubles(), rates, Tolerance);
    }
}
