using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;

namespace Golden.Training.Objectives;

/// <summary>Rows where only completions, or answers, are learnt.</summary>
internal static class CompletionCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        const string multiple = "batch_multiple_of_";
        if (c["turns"].IsGiven()) VerifyTurns(c, tally);
        else if (c["completion_mask"].IsGiven()) VerifyRow(c, tally);
        else VerifyBatch(c, tally, c.Name.StartsWith(multiple, StringComparison.Ordinal) ? int.Parse(c.Name[multiple.Length..], CultureInfo.InvariantCulture) : 1);
    }

    private static void VerifyRow(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "input_ids", "completion_mask", "labels");
        var row = Row(c.Value);
        tally.Sequence("tokens", c["input_ids"].ToInts(), row.Tokens);
        tally.Sequence("labels", Labels(c["labels"], c["input_ids"]), ObjectivesReader.Unshifted(row.Targets));
        var mask = c["completion_mask"].ToInts();
        var start = Array.IndexOf(mask, 1);
        // Only what lasts to the end is a prompt with its completion.
        if (start < 0 || mask[start..].Contains(0)) return;
        var tokens = c["input_ids"].ToInts();
        var ofPrompt = CompletionRows.OfPrompt(tokens[..start], tokens[start..]);
        tally.Sequence("labels of prompt and completion", Labels(c["labels"], c["input_ids"]), ObjectivesReader.Unshifted(ofPrompt.Targets));
    }

    private static void VerifyBatch(FixtureCase c, Tally tally, int multiple)
    {
        ObjectivesReader.RefuseUnknown(c, "input_ids", "labels", "attention_mask");
        var batch = PaddedRows.Of([.. c.Root.GetProperty("rows").EnumerateArray().Select(Row)], padding: 0, multipleOf: multiple);
        tally.Sequence("input_ids", Flat(c["input_ids"]), batch.Tokens);
        tally.Sequence("labels", c["labels"].EnumerateArray().Zip(c["input_ids"].EnumerateArray()).SelectMany(row => Labels(row.First, row.Second).Select(label => (long)label)), Enumerable.Range(0, batch.Rows).SelectMany(row => batch.Targets.AsSpan(row * batch.Length, batch.Length - 1).ToArray().Prepend(TokenBatch.Ignored)));
        tally.Sequence("attention_mask", Flat(c["attention_mask"]), batch.Mask?.Select(real => real ? 1L : 0) ?? Enumerable.Repeat(1L, batch.Tokens.Length));
    }

    private static void VerifyTurns(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "turns", "input_ids", "assistant_mask", "labels_assistant_only", "labels_last_turn_only");
        ConversationTurn[] turns = [.. c["turns"].EnumerateArray().Select(turn => new ConversationTurn(turn.GetProperty("ids").ToInts(), turn.GetProperty("role").GetString() == "assistant"))];
        var (all, last) = (CompletionRows.OfConversation(turns), CompletionRows.OfConversation(turns, lastAnswerOnly: true));
        tally.Sequence("input_ids", c["input_ids"].ToInts(), all.Tokens);
        tally.Sequence("assistant_mask", c["assistant_mask"].ToInts(), [turns[0].IsAnswer ? 1 : 0, .. all.Targets[..^1].Select(target => target == TokenBatch.Ignored ? 0 : 1)]);
        tally.Sequence("labels_assistant_only", Labels(c["labels_assistant_only"], c["input_ids"]), ObjectivesReader.Unshifted(all.Targets));
        tally.Sequence("labels_last_turn_only", Labels(c["labels_last_turn_only"], c["input_ids"]), ObjectivesReader.Unshifted(last.Targets));
    }

    /// <summary>Labels as the fixture has them; nothing predicts the first token, so it may be its own label or have none.</summary>
    private static int[] Labels(JsonElement labels, JsonElement tokens)
    {
        var (all, first) = (labels.ToInts(), tokens[0].GetInt32());
        return all[0] == first ? [(int)TokenBatch.Ignored, .. all[1..]] : all;
    }

    private static TokenRow Row(JsonElement row) => CompletionRows.Of(row.GetProperty("input_ids").ToInts(), [.. row.GetProperty("completion_mask").ToInts().Select(kept => kept != 0)]);

    private static IEnumerable<long> Flat(JsonElement rows) => rows.EnumerateArray().SelectMany(row => row.EnumerateArray().Select(value => value.GetInt64()));
}
