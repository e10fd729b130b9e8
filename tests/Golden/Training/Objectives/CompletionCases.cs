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
        switch (c.Name)
        {
            case "batch": VerifyBatch(c, tally, 1); break;
            case "batch_multiple_of_8": VerifyBatch(c, tally, 8); break;
            case "multi_turn": VerifyTurns(c, tally); break;
            default: VerifyRow(c, tally); break;
        }
    }

    private static void VerifyRow(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "input_ids", "completion_mask", "labels");
        var row = Row(c.Value);
        tally.Sequence("tokens", c["input_ids"].ToInts(), row.Tokens);
        tally.Sequence("labels", c["labels"].ToInts(), ObjectivesReader.Unshifted(row.Targets));
        var start = Array.IndexOf(c["completion_mask"].ToInts(), 1);
        var tokens = c["input_ids"].ToInts();
        var ofPrompt = CompletionRows.OfPrompt(tokens[..start], tokens[start..]);
        tally.Sequence("labels of prompt and completion", c["labels"].ToInts(), ObjectivesReader.Unshifted(ofPrompt.Targets));
    }

    private static void VerifyBatch(FixtureCase c, Tally tally, int multiple)
    {
        ObjectivesReader.RefuseUnknown(c, "input_ids", "labels", "attention_mask");
        var batch = PaddedRows.Of([.. c.Root.GetProperty("rows").EnumerateArray().Select(Row)], padding: 0, multipleOf: multiple);
        tally.Sequence("input_ids", Flat(c["input_ids"]), batch.Tokens);
        tally.Sequence("labels", Flat(c["labels"]), Enumerable.Range(0, batch.Rows).SelectMany(row => batch.Targets.AsSpan(row * batch.Length, batch.Length - 1).ToArray().Prepend(TokenBatch.Ignored)));
        tally.Sequence("attention_mask", Flat(c["attention_mask"]), batch.Mask?.Select(real => real ? 1L : 0) ?? Enumerable.Repeat(1L, batch.Tokens.Length));
    }

    private static void VerifyTurns(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "turns", "input_ids", "assistant_mask", "labels_assistant_only", "labels_last_turn_only");
        ConversationTurn[] turns = [.. c["turns"].EnumerateArray().Select(turn => new ConversationTurn(turn.GetProperty("ids").ToInts(), turn.GetProperty("role").GetString() == "assistant"))];
        var (all, last) = (CompletionRows.OfConversation(turns), CompletionRows.OfConversation(turns, lastAnswerOnly: true));
        tally.Sequence("input_ids", c["input_ids"].ToInts(), all.Tokens);
        tally.Sequence("labels_assistant_only", c["labels_assistant_only"].ToInts(), ObjectivesReader.Unshifted(all.Targets));
        tally.Sequence("labels_last_turn_only", c["labels_last_turn_only"].ToInts(), ObjectivesReader.Unshifted(last.Targets));
    }

    private static TokenRow Row(JsonElement row) => CompletionRows.Of(row.GetProperty("input_ids").ToInts(), [.. row.GetProperty("completion_mask").ToInts().Select(kept => kept != 0)]);

    private static IEnumerable<long> Flat(JsonElement rows) => rows.EnumerateArray().SelectMany(row => row.EnumerateArray().Select(value => value.GetInt64()));
}
