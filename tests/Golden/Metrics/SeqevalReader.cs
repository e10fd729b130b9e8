using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/seqeval.json: entities and their scores, by conlleval's rules and strictly.</summary>
internal sealed class SeqevalReader : CaseReader
{
    private const double Tolerance = 1e-9;

    private static readonly (string Name, EntityScheme Value)[] Schemes =
        [("IOB1", EntityScheme.Iob1), ("IOB2", EntityScheme.Iob2), ("IOE1", EntityScheme.Ioe1), ("IOE2", EntityScheme.Ioe2), ("IOBES", EntityScheme.Iobes), ("BILOU", EntityScheme.Bilou)];

    public override bool Reads(string file) => file == "seqeval.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var (reference, predicted, expected) = (Sentences(c["inputs"].GetProperty("y_true")), Sentences(c["inputs"].GetProperty("y_pred")), c["expected"]);
        var options = Options(c["options"]);
        Mode(tally, "default", expected.GetProperty("default"), reference, predicted, options);
        if (expected.TryGetProperty("strict", out var strict))
        {
            foreach (var scheme in strict.EnumerateObject()) Mode(tally, scheme.Name, scheme.Value, reference, predicted, options with { Scheme = CorpusCases.Enumeration(scheme.Name, Schemes) });
        }
        Tags(tally, expected, reference, predicted);
        if (expected.TryGetProperty("auto_detected_scheme", out var detected))
        {
            var found = Attempt(() => EntityTags.DetectScheme(reference, options.Suffix));
            tally.Equal("auto_detected_scheme", IsError(detected) ? null : CorpusCases.Enumeration(detected.GetString()!, Schemes), found);
        }
        if (expected.TryGetProperty("default_f_beta_micro", out var micro))
        {
            var beta = c["options"].TryGetProperty("beta", out var given) && given.IsGiven() ? given.ToDouble() : 1;
            var scores = Add(reference, predicted, options with { Beta = beta })!.Micro;
            if (micro.ValueKind == JsonValueKind.Number) tally.Number("default_f_beta_micro", micro.ToDouble(), scores.FScore, Tolerance);
            else Scores(tally, "default_f_beta_micro", micro, scores);
        }
    }

    /// <summary>The options of a record or a case; the mode is the default one unless "mode" says otherwise.</summary>
    public static EntityOptions Options(JsonElement options) => new()
    {
        Suffix = CorpusCases.Flag(options, "suffix"),
        Scheme = CorpusCases.Option(options, "mode", "", value => value.GetString()!) == "strict" ? CorpusCases.Enumeration(options.GetProperty("scheme").GetString()!, Schemes) : null,
    };

    /// <summary>Null where the library refuses.</summary>
    public static EntityMetrics? Add(IReadOnlyList<string[]> reference, IReadOnlyList<string[]> predicted, EntityOptions options) => Attempt(() =>
    {
        var accumulator = new EntityAccumulator(options);
        for (int i = 0; i < Math.Max(reference.Count, predicted.Count); i++) accumulator.Add(i < reference.Count ? reference[i] : [], i < predicted.Count ? predicted[i] : []);
        return accumulator.Compute();
    });

    public static void Report(Tally tally, string what, JsonElement expected, EntityMetrics actual)
    {
        List<(string Name, EntityScores Scores)> rows = [.. actual.PerType.Select(type => (type.Type, type.Scores)), ("micro avg", actual.Micro), ("macro avg", actual.Macro), ("weighted avg", actual.Weighted)];
        tally.Sequence($"{what} report", expected.EnumerateObject().Select(row => row.Name), rows.Select(row => row.Name));
        foreach (var (row, (name, scores)) in expected.EnumerateObject().Zip(rows))
        {
            tally.Numbers($"{what} report", [row.Value.GetProperty("precision").ToDouble(), row.Value.GetProperty("recall").ToDouble(), row.Value.GetProperty("f1-score").ToDouble(), row.Value.GetProperty("support").ToDouble()],
                [scores.Precision, scores.Recall, scores.FScore, scores.Support], Tolerance);
        }
    }

    private static void Mode(Tally tally, string what, JsonElement expected, List<string[]> reference, List<string[]> predicted, EntityOptions options)
    {
        // The default mode's last token belongs to the entity; the strict mode's end does not.
        int last = options.Scheme is null ? 1 : 0;
        foreach (var (name, sentences) in new[] { ("entities_true", reference), ("entities_pred", predicted) })
        {
            if (!expected.TryGetProperty(name, out var wanted)) continue;
            var spans = Attempt(() => sentences.Select(tags => EntityTags.Read(tags, options.Scheme, options.Suffix)).ToList());
            tally.Equal($"{what} {name} is refused", IsError(wanted), spans is null);
            if (spans is null || IsError(wanted)) continue;
            tally.Equal($"{what} sentences", wanted.GetArrayLength(), spans.Count);
            for (int i = 0; i < spans.Count; i++)
                tally.Sequence($"{what} {name}", wanted[i].EnumerateArray().Select(entity => (entity[0].GetString()!, entity[1].GetInt32(), entity[2].GetInt32())), spans[i].Select(span => (span.Type, span.Start, span.End - last)));
        }
        if (expected.TryGetProperty("entity_count_true", out var count)) tally.Equal($"{what} entity_count_true", count.GetInt32(), reference.Sum(tags => EntityTags.Read(tags, options.Scheme, options.Suffix).Count));
        if (expected.TryGetProperty("entity_count_pred", out count)) tally.Equal($"{what} entity_count_pred", count.GetInt32(), predicted.Sum(tags => EntityTags.Read(tags, options.Scheme, options.Suffix).Count));
        foreach (var value in new[] { 0, 1 })
        {
            if (!expected.TryGetProperty($"zero_division_{value}", out var wanted)) continue;
            var metrics = Add(reference, predicted, options with { ZeroDivision = value == 0 ? ZeroDivision.Zero : ZeroDivision.One });
            tally.Equal($"{what} is refused", IsError(wanted), metrics is null);
            if (metrics is null || IsError(wanted)) continue;
            Averages(tally, what, wanted, metrics);
            if (value == 1) continue;
            if (expected.TryGetProperty("types", out var types)) tally.Sequence($"{what} types", types.ToTexts(), metrics.PerType.Select(type => type.Type));
            if (expected.TryGetProperty("report", out var report)) Report(tally, what, report, metrics);
            if (!expected.TryGetProperty("report_text", out var text)) continue;
            var printed = Attempt(() => metrics.ToReport(4));
            tally.Equal($"{what} report_text", IsError(text) ? null : text.GetString(), printed);
        }
    }

    private static void Averages(Tally tally, string what, JsonElement expected, EntityMetrics actual)
    {
        Scores(tally, $"{what} micro", expected.GetProperty("micro"), actual.Micro);
        Scores(tally, $"{what} macro", expected.GetProperty("macro"), actual.Macro);
        Scores(tally, $"{what} weighted", expected.GetProperty("weighted"), actual.Weighted);
        var perType = expected.GetProperty("per_type");
        tally.Numbers($"{what} per_type precision", perType.GetProperty("precision").ToDoubles(), [.. actual.PerType.Select(type => type.Scores.Precision)], Tolerance);
        tally.Numbers($"{what} per_type recall", perType.GetProperty("recall").ToDoubles(), [.. actual.PerType.Select(type => type.Scores.Recall)], Tolerance);
        tally.Numbers($"{what} per_type f1", perType.GetProperty("f1").ToDoubles(), [.. actual.PerType.Select(type => type.Scores.FScore)], Tolerance);
    }

    private static void Scores(Tally tally, string what, JsonElement expected, EntityScores actual)
    {
        var f = expected.TryGetProperty("f1", out var f1) ? f1 : expected.GetProperty("f");
        tally.Numbers(what, [expected.GetProperty("precision").ToDouble(), expected.GetProperty("recall").ToDouble(), f.ToDouble()], [actual.Precision, actual.Recall, actual.FScore], Tolerance);
    }

    /// <summary>Token figures need no scheme. Where the lengths differ the library refuses, and the reference compares what both have.</summary>
    private static void Tags(Tally tally, JsonElement expected, List<string[]> reference, List<string[]> predicted)
    {
        var agreement = Attempt(() => reference.Zip(predicted).Aggregate(TagAgreement.None, (sum, pair) => sum + TagAgreement.Of(pair.First, pair.Second)));
        if (agreement is null || reference.Count != predicted.Count) return;
        if (expected.TryGetProperty("token_accuracy", out var accuracy))
        {
            if (IsError(accuracy)) tally.Equal("token_accuracy is undefined", null, agreement.Accuracy);
            else tally.Number("token_accuracy", accuracy.ToDouble(), agreement.Accuracy!.Value, Tolerance);
        }
        if (!expected.TryGetProperty("performance_measure", out var measure)) return;
        foreach (var (name, count) in new[] { ("TP", agreement.TruePositives), ("FP", agreement.FalsePositives), ("FN", agreement.FalseNegatives), ("TN", agreement.TrueNegatives) })
            tally.Equal($"performance_measure {name}", measure.GetProperty(name).GetInt64(), count);
    }

    private static List<string[]> Sentences(JsonElement list) => [.. list.EnumerateArray().Select(tags => tags.ToTexts())];

    private static bool IsError(JsonElement value) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty("error", out _);

    private static T? Attempt<T>(Func<T?> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return default;
        }
    }
}
