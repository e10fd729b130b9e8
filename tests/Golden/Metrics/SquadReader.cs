using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/squad.json: answers one by one, data sets of both versions.</summary>
internal sealed class SquadReader : CaseReader
{
    private const double Tolerance = 1e-9;

    public override bool Reads(string file) => file == "squad.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c["inputs"].ValueKind == JsonValueKind.String) Version1(c, tally);
        else if (c["inputs"].TryGetProperty("rows", out var rows)) Version2(c, rows, tally);
        else Answers(c, tally);
    }

    private static void Answers(FixtureCase c, Tally tally)
    {
        var (prediction, answers, expected) = (c["inputs"].GetProperty("prediction").GetString()!, c["inputs"].GetProperty("answers").ToTexts(), c["expected"]);
        if (expected.TryGetProperty("normalized_prediction", out var normalized)) tally.Equal("normalized_prediction", normalized.GetString(), SquadText.Normalize(prediction));
        if (expected.TryGetProperty("normalized_answers", out var all)) tally.Sequence("normalized_answers", all.ToTexts(), answers.Select(SquadText.Normalize));
        tally.Number("exact", expected.GetProperty("exact").ToDouble(), answers.Max(answer => SquadText.ExactMatch(prediction, answer)), 0);
        foreach (var (name, version) in new[] { ("f1_v1", SquadVersion.V1), ("f1_v2", SquadVersion.V2) })
        {
            double[] each = [.. answers.Select(answer => SquadText.F1(prediction, answer, version))];
            if (expected.TryGetProperty(name, out var best)) tally.Number(name, best.ToDouble(), each.Max(), Tolerance);
            if (expected.TryGetProperty($"{name}_each", out var list)) tally.Numbers($"{name}_each", list.ToDoubles(), each, Tolerance);
        }
    }

    /// <summary>All cases in order, and one question without a prediction.</summary>
    private static void Version1(FixtureCase c, Tally tally)
    {
        var accumulator = new SquadAccumulator(new SquadOptions { Version = SquadVersion.V1 });
        foreach (var one in c.Root.GetProperty("cases").EnumerateArray()) accumulator.Add(one.GetProperty("inputs").GetProperty("prediction").GetString(), one.GetProperty("inputs").GetProperty("answers").ToTexts());
        accumulator.Add(null, ["anything"]);
        var metrics = accumulator.Compute();
        tally.Number("exact_match", c["expected"].GetProperty("exact_match").ToDouble(), metrics.ExactMatch, Tolerance);
        tally.Number("f1", c["expected"].GetProperty("f1").ToDouble(), metrics.F1, Tolerance);
        tally.Equal("total", c["expected"].GetProperty("total").GetInt64(), metrics.Total);
    }

    private static void Version2(FixtureCase c, JsonElement rows, Tally tally)
    {
        var threshold = c["options"].TryGetProperty("na_prob_threshold", out var given) ? given.ToDouble() : 1;
        var (raw, accumulator) = (new SquadAccumulator(), new SquadAccumulator(new SquadOptions { NoAnswerThreshold = threshold }));
        foreach (var row in rows.EnumerateArray())
        {
            var (id, prediction, answers) = (row.GetProperty("id").GetString()!, row.GetProperty("prediction").GetString()!, row.GetProperty("answers").ToTexts());
            var (exact, f1) = raw.Add(prediction, answers);
            tally.Number("raw_exact", c["expected"].GetProperty("raw_exact").GetProperty(id).ToDouble(), exact, Tolerance);
            tally.Number("raw_f1", c["expected"].GetProperty("raw_f1").GetProperty(id).ToDouble(), f1, Tolerance);
            accumulator.Add(prediction, answers, row.GetProperty("na_prob").ToDouble());
        }
        var (summary, metrics) = (c["expected"].GetProperty("summary"), accumulator.Compute());
        Scores(tally, "summary", summary, metrics.Overall);
        foreach (var (name, scores) in new[] { ("has_answer", metrics.HasAnswer), ("no_answer", metrics.NoAnswer) })
        {
            var wanted = summary.TryGetProperty(name, out var part) && part.IsGiven();
            tally.Equal($"{name} is given", wanted, scores is not null);
            if (wanted && scores is not null) Scores(tally, name, part, scores);
        }
        tally.Number("best_exact", summary.GetProperty("best_exact").ToDouble(), metrics.BestExactMatch!.Score, Tolerance);
        tally.Number("best_exact_thresh", summary.GetProperty("best_exact_thresh").ToDouble(), metrics.BestExactMatch.Threshold, Tolerance);
        tally.Number("best_f1", summary.GetProperty("best_f1").ToDouble(), metrics.BestF1!.Score, Tolerance);
        tally.Number("best_f1_thresh", summary.GetProperty("best_f1_thresh").ToDouble(), metrics.BestF1.Threshold, Tolerance);
    }

    private static void Scores(Tally tally, string what, JsonElement expected, SquadScores actual)
    {
        tally.Number($"{what} exact", expected.GetProperty("exact").ToDouble(), actual.ExactMatch, Tolerance);
        tally.Number($"{what} f1", expected.GetProperty("f1").ToDouble(), actual.F1, Tolerance);
        tally.Equal($"{what} total", expected.GetProperty("total").GetInt64(), actual.Total);
    }
}
