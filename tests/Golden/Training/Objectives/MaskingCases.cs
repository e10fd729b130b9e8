using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Golden.Training.Objectives;

/// <summary>Hidden tokens: exact with the draws given; rates with our own draws.</summary>
internal static class MaskingCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        if (c.Name == "measured") VerifyRates(c, tally);
        else VerifyRow(c, tally);
    }

    private static MaskingOptions Options(FixtureCase c) => new() { MaskToken = c.Root.GetProperty("mask_token_id").GetInt32(), VocabularySize = c.Root.GetProperty("vocabulary").GetInt32() };

    private static void VerifyRow(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "text", "whole_word", "tokens", "input_ids", "word_ids", "special", "probability", "u_select", "u_mask", "u_random", "random_ids", "masked_ids", "labels", "action", "word_ids_by_offsets");
        var row = new MaskableRow(c["input_ids"].ToInts(), [.. c["special"].ToInts().Select(special => special != 0)]) { Words = c["word_ids"].ToInts() };
        var (select, mask, replace, tokens) = (c["u_select"].ToDoubles(), c["u_mask"].ToDoubles(), c["u_random"].ToDoubles(), c["random_ids"].ToInts());
        MaskingDraw[] draws = [.. tokens.Select((token, i) => new MaskingDraw(select[i], mask[i], replace[i], token))];
        var masked = TokenMasking.Apply(row, draws, Options(c) with { Probability = c["probability"].GetDouble(), WholeWords = c["whole_word"].GetBoolean() });
        tally.Sequence("masked_ids", c["masked_ids"].ToInts(), masked.Tokens);
        tally.Sequence("labels", c["labels"].ToInts(), masked.Targets);
    }

    private static void VerifyRates(FixtureCase c, Tally tally)
    {
        var options = Options(c);
        var candidates = c["candidates"].GetInt32();
        const int length = 52;
        var rows = candidates / (length - 2);
        var random = new RandomStreams(7);
        var (selected, masked, changed, kept, special) = (0, 0, 0, 0, 0);
        for (var row = 0; row < rows; row++)
        {
            int[] tokens = [101, .. Enumerable.Range(0, length - 2).Select(i => 1000 + (((row * 31) + i) % 20000)), 102];
            var hidden = TokenMasking.Apply(new MaskableRow(tokens, [true, .. new bool[length - 2], true]), random.Masking(0, row), options);
            special += hidden.Targets[0] != -100 || hidden.Targets[^1] != -100 ? 1 : 0;
            for (var i = 0; i < length; i++)
            {
                if (hidden.Targets[i] == -100) continue;
                selected++;
                if (hidden.Tokens[i] == options.MaskToken) masked++;
                else if (hidden.Tokens[i] == tokens[i]) kept++;
                else changed++;
            }
        }
        var expected = c["expected"];
        tally.Number("selected", expected.GetProperty("selected").GetDouble(), (double)selected / candidates, 0.01);
        tally.Number("masked of selected", expected.GetProperty("mask").GetDouble(), (double)masked / selected, 0.01);
        tally.Number("random of selected", expected.GetProperty("random").GetDouble(), (double)changed / selected, 0.01);
        tally.Number("unchanged of selected", expected.GetProperty("unchanged").GetDouble(), (double)kept / selected, 0.01);
        tally.Equal("special tokens selected", c["special_tokens_selected"].GetInt32(), special);
    }
}
