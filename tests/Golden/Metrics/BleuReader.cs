using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/bleu.json: corpora with all options, tokenizers, lower-casing, splitting.</summary>
internal sealed class BleuReader : CaseReader
{
    private static readonly (string Name, BleuTokenizer Value)[] Tokenizers =
        [("13a", BleuTokenizer.V13a), ("intl", BleuTokenizer.International), ("zh", BleuTokenizer.Chinese), ("char", BleuTokenizer.Character), ("none", BleuTokenizer.None)];

    public override bool Reads(string file) => file == "bleu.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c["lower"].IsGiven()) tally.Equal("lower", c["lower"].GetString(), PythonText.ToLower(c["input"].GetString()!));
        else if (c["split"].IsGiven()) tally.Sequence("split", c["split"].ToTexts(), PythonText.Split(c["input"].GetString()!));
        else if (c["input"].IsGiven()) Tokenize(c, tally);
        else Corpus(c, tally);
    }

    public static BleuOptions Options(JsonElement options) => new()
    {
        Lowercase = CorpusCases.Flag(options, "lowercase"),
        EffectiveOrder = CorpusCases.Flag(options, "effective_order"),
        Tokenizer = CorpusCases.Option(options, "tokenize", BleuTokenizer.V13a, name => CorpusCases.Enumeration(name.GetString()!, Tokenizers)),
        MaximumOrder = CorpusCases.Option(options, "max_ngram_order", 4, value => value.GetInt32()),
        SmoothingValue = CorpusCases.Option<double?>(options, "smooth_value", null, value => value.ToDouble()),
        Smoothing = CorpusCases.Option(options, "smooth_method", BleuSmoothing.Exponential, name => CorpusCases.Enumeration(name.GetString()!,
            ("exp", BleuSmoothing.Exponential), ("floor", BleuSmoothing.Floor), ("add-k", BleuSmoothing.AddK), ("none", BleuSmoothing.None))),
    };

    public static void Compare(Tally tally, JsonElement expected, BleuMetrics actual)
    {
        tally.Number("score", expected.GetProperty("score").ToDouble(), actual.Score, CorpusCases.Tolerance);
        tally.Numbers("counts", expected.GetProperty("counts").ToDoubles(), actual.Counts, CorpusCases.Tolerance);
        tally.Numbers("totals", expected.GetProperty("totals").ToDoubles(), actual.Totals, CorpusCases.Tolerance);
        tally.Numbers("precisions", expected.GetProperty("precisions").ToDoubles(), actual.Precisions, CorpusCases.Tolerance);
        tally.Number("bp", expected.GetProperty("bp").ToDouble(), actual.BrevityPenalty, CorpusCases.Tolerance);
        tally.Equal("sys_len", expected.GetProperty("sys_len").GetInt64(), actual.HypothesisLength);
        tally.Equal("ref_len", expected.GetProperty("ref_len").GetInt64(), actual.ReferenceLength);
        tally.Number("ratio", expected.GetProperty("ratio").ToDouble(), actual.LengthRatio, CorpusCases.Tolerance);
        CorpusCases.Signature(tally, expected, actual.Signature, actual.ToString());
    }

    private static void Corpus(FixtureCase c, Tally tally)
    {
        var accumulator = new BleuAccumulator(Options(c["options"]), keepSegments: true);
        CorpusCases.Verify(c, tally, accumulator, CorpusCases.Flat);
        Compare(tally, c["expected"].GetProperty("corpus"), accumulator.Compute());
    }

    /// <summary>The fixtures join tokens by a space; what splits them afterwards is white space.</summary>
    private static void Tokenize(FixtureCase c, Tally tally)
    {
        foreach (var expected in c.Value.EnumerateObject().Where(property => property.Name != "input"))
        {
            var tokenizer = CorpusCases.Enumeration(expected.Name, Tokenizers);
            tally.Sequence(expected.Name, PythonText.Split(expected.Value.GetString()!), new BleuAccumulator(new BleuOptions { Tokenizer = tokenizer }).Tokenize(c["input"].GetString()!));
        }
    }
}
