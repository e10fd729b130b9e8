using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/text-diversity.json: distinct n-grams, repetition, self-BLEU; METEOR without synonyms.</summary>
internal sealed class TextDiversityReader : CaseReader
{
    private const double Tolerance = 1e-9;

    public override bool Reads(string file) => file == "text-diversity.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        switch (c["kind"].GetString())
        {
            case "diversity": Diversity(c, tally); break;
            case "meteor": OfMeteor(c, tally); break;
            default: throw new UnsupportedException($"nothing is known of kind {c["kind"].GetString()}");
        }
    }

    private static void Diversity(FixtureCase c, Tally tally)
    {
        var (texts, expected) = (c["inputs"].GetProperty("texts").ToTexts(), c["expected"]);
        var accumulator = new DiversityAccumulator();
        foreach (var text in texts) accumulator.Add(text);
        var metrics = accumulator.Compute();
        tally.Equal("tokens", expected.GetProperty("tokens").GetInt64(), metrics.Tokens);
        tally.Equal("types", expected.GetProperty("types").GetInt64(), metrics.Types);
        Optional(tally, "type_token_ratio", expected.GetProperty("type_token_ratio"), metrics.TypeTokenRatio);
        Optional(tally, "root_type_token_ratio", expected.GetProperty("root_type_token_ratio"), metrics.RootTypeTokenRatio);
        Optional(tally, "hapax_ratio", expected.GetProperty("hapax_ratio"), metrics.HapaxRatio);
        Optional(tally, "repetition_rate", expected.GetProperty("repetition_rate"), metrics.RepetitionRate);
        foreach (var (name, values) in new[] { ("distinct_n", metrics.Distinct), ("distinct_n_mean_over_sentences", metrics.MeanDistinct), ("seq_rep_n_mean_over_sentences", metrics.SequenceRepetition), ("ngram_entropy", metrics.Entropy) })
        {
            foreach (var order in expected.GetProperty(name).EnumerateObject()) Optional(tally, $"{name} {order.Name}", order.Value, values[int.Parse(order.Name, CultureInfo.InvariantCulture) - 1]);
        }
        SelfBleu(tally, "self_bleu_4_13a", expected, texts, new BleuOptions { EffectiveOrder = true });
        SelfBleu(tally, "self_bleu_2_none", expected, texts, new BleuOptions { EffectiveOrder = true, MaximumOrder = 2, Tokenizer = BleuTokenizer.None });
    }

    private static void SelfBleu(Tally tally, string name, JsonElement expected, string[] texts, BleuOptions options)
    {
        if (!expected.TryGetProperty(name, out var wanted)) return;
        var metrics = Microsoft.ML.LlmFineTune.Evaluation.SelfBleu.Compute(texts, options);
        tally.Numbers($"{name} each", wanted.GetProperty("each").ToDoubles(), metrics.Each, Tolerance);
        Optional(tally, $"{name} mean", wanted.GetProperty("mean"), metrics.Mean);
    }

    private static void OfMeteor(FixtureCase c, Tally tally)
    {
        var (references, hypothesis, expected) = (c["inputs"].GetProperty("references").ToTexts(), c["inputs"].GetProperty("hypothesis").GetString()!, c["expected"]);
        var options = new MeteorOptions { Alpha = c["options"].GetProperty("alpha").ToDouble(), Beta = c["options"].GetProperty("beta").ToDouble(), Gamma = c["options"].GetProperty("gamma").ToDouble() };
        var each = references.Select(reference => Meteor.Align(hypothesis, reference, options)).ToList();
        tally.Number("score", expected.GetProperty("score").ToDouble(), Meteor.Sentence(hypothesis, references, options), Tolerance);
        tally.Numbers("each", expected.GetProperty("each").ToDoubles(), [.. each.Select(one => one.Score)], Tolerance);
        for (int i = 0; i < each.Count; i++) tally.Sequence("alignment", expected.GetProperty("alignment")[i].EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32())), each[i].Alignment);
        tally.Numbers("exact_only", expected.GetProperty("exact_only").ToDoubles(), [.. references.Select(reference => Meteor.Align(hypothesis, reference, options with { MatchStems = false }).Score)], Tolerance);
    }

    private static void Optional(Tally tally, string what, JsonElement expected, double? actual)
    {
        if (!expected.IsGiven() || actual is null) tally.Equal($"{what} is defined", expected.IsGiven(), actual is not null);
        else tally.Number(what, expected.ToDouble(), actual.Value, Tolerance);
    }
}
