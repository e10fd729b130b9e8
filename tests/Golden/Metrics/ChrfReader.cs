using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/chrf.json: corpora with all options, the splitting of words.</summary>
internal sealed class ChrfReader : CaseReader
{
    public override bool Reads(string file) => file == "chrf.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c["words"].IsGiven())
        {
            tally.Sequence("words", c["words"].ToTexts(), ChrfAccumulator.SplitWords(c["input"].GetString()!));
            return;
        }
        var accumulator = new ChrfAccumulator(Options(c["options"]), keepSegments: true);
        CorpusCases.Verify(c, tally, accumulator, CorpusCases.Flat);
        Compare(tally, c["expected"].GetProperty("corpus"), accumulator.Compute());
    }

    public static ChrfOptions Options(JsonElement options) => new()
    {
        CharacterOrder = CorpusCases.Option(options, "char_order", 6, value => value.GetInt32()),
        WordOrder = CorpusCases.Option(options, "word_order", 0, value => value.GetInt32()),
        Beta = CorpusCases.Option(options, "beta", 2, value => value.GetInt32()),
        Lowercase = CorpusCases.Flag(options, "lowercase"),
        Whitespace = CorpusCases.Flag(options, "whitespace"),
        EpsilonSmoothing = CorpusCases.Flag(options, "eps_smoothing"),
    };

    public static void Compare(Tally tally, JsonElement expected, ChrfMetrics actual)
    {
        tally.Number("score", expected.GetProperty("score").ToDouble(), actual.Score, CorpusCases.Tolerance);
        tally.Equal("name", expected.GetProperty("name").GetString(), actual.Name);
        CorpusCases.Signature(tally, expected, actual.Signature, actual.ToString());
    }
}
