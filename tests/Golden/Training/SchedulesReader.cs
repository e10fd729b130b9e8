using Golden.Library;
using Microsoft.ML.LlmFineTune.Optimization;

namespace Golden.Training;

/// <summary>training/schedules.json: the learning rate at every step, past the end of the schedule too.</summary>
internal sealed class SchedulesReader : CaseReader
{
    public override bool Reads(string file) => file == "schedules.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var options = c["options"];
        long Option(string name) => options.GetProperty(name).GetInt64();
        var call = c["call"].GetString()!;
        var schedule = call switch
        {
            "get_constant_schedule" => Schedules.Constant(),
            "get_constant_schedule_with_warmup" => Schedules.Constant(Option("num_warmup_steps")),
            "get_linear_schedule_with_warmup" => Schedules.Linear(Option("num_training_steps"), Option("num_warmup_steps")),
            "get_cosine_schedule_with_warmup" => Schedules.Cosine(Option("num_training_steps"), Option("num_warmup_steps"), cycles: options.TryGetProperty("num_cycles", out var cycles) ? cycles.GetDouble() : 0.5),
            "get_cosine_with_min_lr_schedule_with_warmup" => Schedules.Cosine(Option("num_training_steps"), Option("num_warmup_steps"),
                floor: options.TryGetProperty("min_lr_rate", out var rate) ? rate.GetDouble() : options.GetProperty("min_lr").GetDouble() / c["base_lr"].GetDouble()),
            _ => throw new UnsupportedException($"there is no schedule {call}"),
        };
        var expected = c["multipliers"].ToDoubles();
        tally.Numbers("multipliers", expected, [.. Enumerable.Range(0, expected.Length).Select(step => schedule(step))], 1e-12);
    }
}
