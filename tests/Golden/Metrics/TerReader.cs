using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/ter.json: corpora with all options, tercom's tokenization.</summary>
internal sealed class TerReader : CaseReader
{
    private static readonly Dictionary<string, TerOptions> Tokenizations = new()
    {
        ["default"] = new(),
        ["normalized"] = new() { Normalized = true },
        ["no_punct"] = new() { NoPunctuation = true },
        ["normalized_asian"] = new() { Normalized = true, AsianSupport = true },
        ["no_punct_asian"] = new() { NoPunctuation = true, AsianSupport = true },
        ["all_case_sensitive"] = new() { Normalized = true, NoPunctuation = true, AsianSupport = true, CaseSensitive = true },
    };

    public override bool Reads(string file) => file == "ter.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c["input"].IsGiven())
        {
            foreach (var expected in c.Value.EnumerateObject().Where(property => property.Name != "input"))
            {
                if (!Tokenizations.TryGetValue(expected.Name, out var options)) throw new UnsupportedException($"the options of {expected.Name} are not known");
                tally.Equal(expected.Name, expected.Value.GetString(), string.Join(' ', new TerAccumulator(options).Tokenize(c["input"].GetString()!)));
            }
            return;
        }
        var accumulator = new TerAccumulator(Options(c["options"]), keepSegments: true);
        CorpusCases.Verify(c, tally, accumulator, CorpusCases.Flat);
        Compare(tally, c["expected"].GetProperty("corpus"), accumulator.Compute());
    }

    public static TerOptions Options(JsonElement options) => new()
    {
        Normalized = CorpusCases.Flag(options, "normalized"),
        NoPunctuation = CorpusCases.Flag(options, "no_punct"),
        AsianSupport = CorpusCases.Flag(options, "asian_support"),
        CaseSensitive = CorpusCases.Flag(options, "case_sensitive"),
    };

    public static void Compare(Tally tally, JsonElement expected, TerMetrics actual)
    {
        tally.Number("score", expected.GetProperty("score").ToDouble(), actual.Score, CorpusCases.Tolerance);
        tally.Equal("num_edits", expected.GetProperty("num_edits").GetInt64(), actual.Edits);
        tally.Number("ref_length", expected.GetProperty("ref_length").ToDouble(), actual.ReferenceLength, CorpusCases.Tolerance);
        CorpusCases.Signature(tally, expected, actual.Signature, actual.ToString());
    }
}
