using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches.Rows;

namespace Golden.Training.Objectives;

/// <summary>Labels of words on tokens.</summary>
internal static class LabelCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "words", "labels", "max_length", "tokens", "input_ids", "word_ids", "first_subword", "all_subwords", "all_subwords_b_to_i");
        var names = c.Root.GetProperty("label_names").ToTexts();
        foreach (var (expected, spread) in new[] { ("first_subword", LabelSpread.FirstToken), ("all_subwords", LabelSpread.AllTokens), ("all_subwords_b_to_i", LabelSpread.AllTokensInside) })
        {
            var row = TokenLabelRows.Of(c["input_ids"].ToInts(), c["word_ids"].ToInts(), c["labels"].ToInts(), spread, names);
            tally.Sequence(expected, c[expected].ToInts(), row.Targets);
        }
    }
}
