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
        if (c["candidates"].IsGiven()) VerifyRates(c, tally);
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
        if (!c["action"].IsGiven()) return;
        var options = Options(c);
        tally.Sequence("action", c["action"].ToTexts(), masked.Targets.Select((target, i) => target == TokenBatch.Ignored ? "keep" : masked.Tokens[i] switch
        {
            var token when token == options.MaskToken => "mask",
            var token when token != target => "random",
            _ => "unchanged",
        }));
    }

    private static void VerifyRates(FixtureCase c, Tally tally)
    {
        var expected = c["expected"];
        double Expected(string name) => expected.GetProperty(name).GetDouble();
        var options = Options(c) with { Probability = Expected("selected"), MaskedPart = Expected("mask"), RandomPart = Expected("random") };
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
        foreach (var (what, wanted, measured, value) in new[]
        {
            ("selected", "selected", "selected_rate", (double)selected / candidates), ("masked of selected", "mask", "mask_rate_of_selected", (double)masked / selected),
            ("random of selected", "random", "random_rate_of_selected", (double)changed / selected), ("unchanged of selected", "unchanged", "unchanged_rate_of_selected", (double)kept / selected),
        })
        {
            tally.Number(what, Expected(wanted), value, 0.01);
            // Both sides were drawn, so both have noise.
            if (c[measured].IsGiven()) tally.Number($"{what}, as measured", c[measured].GetDouble(), value, 0.015);
        }
        tally.Equal("special tokens selected", c["special_tokens_selected"].GetInt32(), special);
    }
}
