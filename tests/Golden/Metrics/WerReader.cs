using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/wer.json: word and character error rates of texts, and of all texts before a case without inputs.</summary>
internal sealed class WerReader : CaseReader
{
    private const double Tolerance = 1e-9;

    public override bool Reads(string file) => file == "wer.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var expected = c["expected"];
        if (!c["inputs"].TryGetProperty("reference", out var reference))
        {
            var corpus = new ErrorRateAccumulator();
            foreach (var one in c.Root.GetProperty("cases").EnumerateArray().TakeWhile(one => one.GetProperty("name").GetString() != c.Name))
                corpus.Add(one.GetProperty("inputs").GetProperty("hypothesis").GetString()!, one.GetProperty("inputs").GetProperty("reference").GetString()!);
            Compare(tally, expected, corpus.Compute());
            return;
        }
        var (wanted, hypothesis) = (reference.GetString()!, c["inputs"].GetProperty("hypothesis").GetString()!);
        Compare(tally, expected, new ErrorRateAccumulator().Add(hypothesis, wanted));
        if (expected.TryGetProperty("damerau_char_distance", out var damerau)) tally.Equal("damerau_char_distance", damerau.GetInt32(), EditDistance.DamerauCharacters(hypothesis, wanted));
    }

    private static void Compare(Tally tally, JsonElement expected, ErrorRateMetrics actual)
    {
        Edits(tally, expected, "word", "reference_words", "wer", actual.WordEdits, actual.WordErrorRate, actual.ReferenceWords);
        Edits(tally, expected, "char", "reference_chars", "cer", actual.CharacterEdits, actual.CharacterErrorRate, actual.ReferenceCharacters);
    }

    private static void Edits(Tally tally, JsonElement expected, string what, string length, string rate, EditCounts actual, double actualRate, long actualLength)
    {
        tally.Equal($"{what}_distance", expected.GetProperty($"{what}_distance").GetInt64(), actual.Distance);
        tally.Equal(length, expected.GetProperty(length).GetInt64(), actualLength);
        tally.Number(rate, expected.GetProperty(rate).ToDouble(), actualRate, Tolerance);
        if (expected.TryGetProperty($"{what}_sub_del_ins_hit", out var split)) tally.Sequence($"{what}_sub_del_ins_hit", split.EnumerateArray().Select(count => count.GetInt64()), [actual.Substitutions, actual.Deletions, actual.Insertions, actual.Hits]);
    }
}
