using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/significance.json: bootstrap and paired tests of sacreBLEU's metrics, intervals, numpy's generator.</summary>
internal sealed class SignificanceReader : CaseReader
{
    // sacreBLEU's bootstrap adds up in float32.
    private const double Tolerance = 1e-9, Float32 = 1e-6;

    private static readonly string[] Names = ["BLEU", "chrF2", "TER"];

    public override bool Reads(string file) => file == "significance.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c["raw_uint64"].IsGiven()) Generator(c, tally);
        else if (c["kind"].GetString() == "paired_tests_against_a_baseline") Systems(c, tally);
        else if (c["kind"].GetString() == "corpus_score_n_bootstrap") OneSystem(c, tally);
        else if (c["kind"].GetString() == "percentile_interval_of_a_mean") Percentiles(c, tally);
        else if (c["kind"].GetString() == "estimate_ci") Rule(c, tally);
        else throw new UnsupportedException($"nothing is known of kind {c["kind"].GetString()}");
    }

    private static void Systems(FixtureCase c, Tally tally)
    {
        var (inputs, options, expected) = (c["inputs"], c["options"], c["expected"]);
        var seed = options.GetProperty("seed").GetInt64();
        var (bootstrap, randomization) = (new ResamplingOptions { Seed = seed, Samples = options.GetProperty("bootstrap_samples").GetInt32() }, new ResamplingOptions { Seed = seed, Samples = options.GetProperty("randomisation_trials").GetInt32() });
        var systems = inputs.GetProperty("systems").EnumerateObject().Select(system => system.Name).ToList();
        int segments = inputs.GetProperty("references").GetArrayLength();

        var indices = Bootstrap.Indices(segments, bootstrap).ToList();
        tally.Sequence("bootstrap_indices", inputs.GetProperty("bootstrap_indices").EnumerateArray().SelectMany(JsonReading.ToInts), indices.SelectMany(sample => sample));
        var bits = new RandomBits(new Pcg64(seed));
        var masks = inputs.GetProperty("randomisation_masks").ToTexts();
        tally.Sequence("randomisation_masks", masks, Enumerable.Range(0, masks.Length).Select(_ => string.Concat(Enumerable.Range(0, segments).Select(_ => bits.Next() ? '1' : '0'))));

        foreach (var name in Names.Where(name => expected.GetProperty("double_precision").TryGetProperty(name, out _)))
        {
            var accumulators = systems.ToDictionary(system => system, system => Add(name, inputs.GetProperty("systems").GetProperty(system).ToTexts(), inputs.GetProperty("references").ToTexts()));
            var baseline = accumulators[systems[0]].PerSegment!;
            var paired = expected.GetProperty("paired_bootstrap").GetProperty(name);
            var exchanged = expected.GetProperty("paired_approximate_randomisation").GetProperty(name);
            tally.Equal($"{name} signature", paired.GetProperty("signature").GetString(), (Signature(accumulators[systems[0]]) with { BootstrapSamples = bootstrap.Samples, Seed = seed }).ToString());
            tally.Equal($"{name} ar signature", exchanged.GetProperty("signature").GetString(), (Signature(accumulators[systems[0]]) with { RandomizationTrials = randomization.Samples, Seed = seed }).ToString());
            foreach (var system in systems)
            {
                var statistics = accumulators[system].PerSegment!;
                if (expected.TryGetProperty("statistics", out var given) && given.GetProperty(name).TryGetProperty(system, out var rows))
                    tally.Numbers($"{name} statistics", [.. CorpusCases.Flat(rows)], [.. Enumerable.Range(0, statistics.Count).SelectMany(segment => statistics[segment].ToArray())], Tolerance);
                var comparison = PairedTests.Bootstrap(baseline, statistics, bootstrap);
                var exchange = PairedTests.ApproximateRandomization(baseline, statistics, randomization);
                Compare(tally, $"{name} paired_bootstrap", paired.GetProperty("systems").GetProperty(system), comparison, Float32);
                Compare(tally, $"{name} randomisation", exchanged.GetProperty("systems").GetProperty(system), exchange, Tolerance);
                Double(tally, $"{name} double_precision", expected.GetProperty("double_precision").GetProperty(name).GetProperty(system), comparison, exchange, Bootstrap.Scores(statistics, indices),
                    masks.Select(mask => PairedTests.ExchangedDifference(baseline, statistics, segment => mask[segment] == '1')));
            }
        }
    }

    private static void Compare(Tally tally, string what, JsonElement expected, PairedComparison actual, double tolerance)
    {
        tally.Number($"{what} score", expected.GetProperty("score").ToDouble(), actual.SystemScore, Tolerance);
        // The baseline is compared with nothing.
        if (expected.GetProperty("p_value").IsGiven()) tally.Number($"{what} p_value", expected.GetProperty("p_value").ToDouble(), actual.PValue, Tolerance);
        if (!expected.GetProperty("mean").IsGiven()) return;
        tally.Number($"{what} mean", expected.GetProperty("mean").ToDouble(), actual.SystemInterval!.Mean, tolerance);
        tally.Number($"{what} ci", expected.GetProperty("ci").ToDouble(), actual.SystemInterval.HalfWidth, tolerance);
    }

    private static void Double(Tally tally, string what, JsonElement expected, PairedComparison bootstrap, PairedComparison randomization, IReadOnlyList<double> scores, IEnumerable<double> differences)
    {
        tally.Number($"{what} score", expected.GetProperty("score").ToDouble(), bootstrap.SystemScore, Tolerance);
        tally.Number($"{what} mean", expected.GetProperty("mean").ToDouble(), bootstrap.SystemInterval!.Mean, Tolerance);
        tally.Number($"{what} ci", expected.GetProperty("ci").ToDouble(), bootstrap.SystemInterval.HalfWidth, Tolerance);
        var first = expected.GetProperty("resample_scores").ToDoubles();
        tally.Numbers($"{what} resample_scores", first, [.. scores.Take(first.Length)], Tolerance);
        if (expected.TryGetProperty("p_bootstrap", out var p)) tally.Number($"{what} p_bootstrap", p.ToDouble(), bootstrap.PValue, Tolerance);
        if (expected.TryGetProperty("p_randomisation", out p)) tally.Number($"{what} p_randomisation", p.ToDouble(), randomization.PValue, Tolerance);
        if (!expected.TryGetProperty("randomised_differences", out var randomised)) return;
        tally.Numbers($"{what} randomised_differences", randomised.ToDoubles(), [.. differences.Take(randomised.GetArrayLength())], Tolerance);
    }

    /// <summary>One system of the first case, with the bootstrap of corpus_score.</summary>
    private static void OneSystem(FixtureCase c, Tally tally)
    {
        var inputs = c.Root.GetProperty("cases")[0].GetProperty("inputs");
        var (options, expected) = (c["options"], c["expected"]);
        var system = c["inputs"].GetProperty("system").GetString()!.Split(' ')[0];
        var accumulator = Add(options.GetProperty("metric").GetString()!, inputs.GetProperty("systems").GetProperty(system).ToTexts(), inputs.GetProperty("references").ToTexts());
        var (samples, seed) = (options.GetProperty("n_bootstrap").GetInt32(), options.GetProperty("seed").GetInt64());
        var resampling = new ResamplingOptions { Samples = samples, Seed = seed };
        if (c["inputs"].GetProperty("bootstrap_indices").ValueKind == JsonValueKind.Array)
            tally.Sequence("bootstrap_indices", c["inputs"].GetProperty("bootstrap_indices").EnumerateArray().SelectMany(JsonReading.ToInts), Bootstrap.Indices(accumulator.PerSegment!.Count, resampling).SelectMany(sample => sample));
        tally.Number("score", expected.GetProperty("score").ToDouble(), accumulator.PerSegment!.Score(), Tolerance);
        var interval = samples > 1 ? Bootstrap.Interval(accumulator.PerSegment, resampling) : null;
        tally.Equal("mean is given", expected.GetProperty("mean").IsGiven(), interval is not null);
        if (interval is not null)
        {
            tally.Number("mean", expected.GetProperty("mean").ToDouble(), interval.Mean, Float32);
            tally.Number("ci", expected.GetProperty("ci").ToDouble(), interval.HalfWidth, Float32);
        }
        var signature = interval is null ? Signature(accumulator) : Signature(accumulator) with { BootstrapSamples = samples, Seed = seed };
        if (expected.TryGetProperty("text", out var text)) tally.Equal("text", text.GetString(), Line(accumulator, signature, interval));
    }

    private static void Percentiles(FixtureCase c, Tally tally)
    {
        var (expected, level) = (c["expected"], c["options"].GetProperty("confidence").ToDouble());
        var (a, b) = (c["inputs"].GetProperty("a").ToDoubles(), c["inputs"].GetProperty("b").ToDoubles());
        var indices = c["inputs"].GetProperty("bootstrap_indices").EnumerateArray().Select(JsonReading.ToInts).ToList();
        ConfidenceInterval Interval(IEnumerable<double> values, double level)
        {
            var statistics = SegmentStatistics.OfMean("mean", values);
            return Bootstrap.PercentileInterval(statistics.Score(), Bootstrap.Scores(statistics, indices), level);
        }
        var (ofA, ofB, difference) = (Interval(a, level), Interval(b, level), Interval(a.Zip(b, (left, right) => left - right), level));
        tally.Number("mean_a", expected.GetProperty("mean_a").ToDouble(), ofA.Score, Tolerance);
        tally.Number("mean_b", expected.GetProperty("mean_b").ToDouble(), ofB.Score, Tolerance);
        tally.Number("difference", expected.GetProperty("difference").ToDouble(), difference.Score, Tolerance);
        tally.Numbers("interval_a", expected.GetProperty("interval_a").ToDoubles(), [ofA.Lower, ofA.Upper], Tolerance);
        tally.Numbers("interval_b", expected.GetProperty("interval_b").ToDoubles(), [ofB.Lower, ofB.Upper], Tolerance);
        tally.Numbers("interval_difference", expected.GetProperty("interval_difference").ToDoubles(), [difference.Lower, difference.Upper], Tolerance);
        if (!expected.TryGetProperty("interval_a_90", out var ninety)) return;
        var narrow = Interval(a, 0.9);
        tally.Numbers("interval_a_90", ninety.ToDoubles(), [narrow.Lower, narrow.Upper], Tolerance);
    }

    private static void Rule(FixtureCase c, Tally tally)
    {
        var scores = c["inputs"].GetProperty("scores").ToDoubles();
        var (expected, interval) = (c["expected"], Bootstrap.Interval(0, scores));
        tally.Number("mean", expected.GetProperty("mean").ToDouble(), interval.Mean, Tolerance);
        tally.Number("ci", expected.GetProperty("ci").ToDouble(), interval.HalfWidth, Tolerance);
        var sorted = scores.Order().ToArray();
        if (expected.TryGetProperty("lower_index", out var lower)) tally.Number("lower", sorted[lower.GetInt32()], interval.Lower, 0);
        if (expected.TryGetProperty("upper_index", out var upper)) tally.Number("upper", sorted[upper.GetInt32()], interval.Upper, 0);
    }

    private static void Generator(FixtureCase c, Tally tally)
    {
        var seed = c["seed"].GetInt64();
        tally.Sequence("seed_sequence_words_uint32", c["seed_sequence_words_uint32"].EnumerateArray().Select(word => word.GetUInt32()), Pcg64.SeedWords((ulong)seed));
        tally.Equal("state", c["state"].GetString(), new Pcg64(seed).Internals.State.ToString(CultureInfo.InvariantCulture));
        tally.Equal("increment", c["increment"].GetString(), new Pcg64(seed).Internals.Increment.ToString(CultureInfo.InvariantCulture));
        var random = new Pcg64(seed);
        tally.Sequence("raw_uint64", c["raw_uint64"].ToTexts(), c["raw_uint64"].EnumerateArray().Select(_ => random.NextUInt64().ToString(CultureInfo.InvariantCulture)));
        foreach (var table in c.Value.EnumerateObject().Where(property => property.Name.StartsWith("choice_", StringComparison.Ordinal)))
        {
            var indices = new int[table.Value.GetArrayLength()];
            new Pcg64(seed).Choose(indices, int.Parse(table.Name.Split('_')[1], CultureInfo.InvariantCulture));
            tally.Sequence(table.Name, table.Value.ToInts(), indices);
        }
        random = new Pcg64(seed);
        tally.Numbers("random_double_x4", c["random_double_x4"].ToDoubles(), [.. c["random_double_x4"].EnumerateArray().Select(_ => random.NextDouble())], 0);
        var bits = new RandomBits(new Pcg64(seed));
        tally.Equal("integers_2_bool_x64", c["integers_2_bool_x64"].GetString(), string.Concat(c["integers_2_bool_x64"].GetString()!.Select(_ => bits.Next() ? '1' : '0')));
    }

    private static CorpusAccumulator Add(string metric, string[] hypotheses, string[] references)
    {
        CorpusAccumulator accumulator = metric switch
        {
            "BLEU" => new BleuAccumulator(keepSegments: true),
            "chrF2" => new ChrfAccumulator(keepSegments: true),
            "TER" => new TerAccumulator(keepSegments: true),
            _ => throw new UnsupportedException($"there is no {metric}"),
        };
        foreach (var (hypothesis, reference) in hypotheses.Zip(references)) accumulator.Add(hypothesis, reference);
        return accumulator;
    }

    private static MetricSignature Signature(CorpusAccumulator accumulator) => accumulator switch
    {
        BleuAccumulator bleu => bleu.Compute().Signature,
        ChrfAccumulator chrf => chrf.Compute().Signature,
        _ => ((TerAccumulator)accumulator).Compute().Signature,
    };

    private static string Line(CorpusAccumulator accumulator, MetricSignature signature, ConfidenceInterval? interval) => accumulator switch
    {
        BleuAccumulator bleu => bleu.Compute().ToString(4, signature, interval),
        ChrfAccumulator chrf => chrf.Compute().ToString(4, signature, interval),
        _ => ((TerAccumulator)accumulator).Compute().ToString(4, signature, interval),
    };
}
