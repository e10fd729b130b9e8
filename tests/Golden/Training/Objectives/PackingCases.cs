using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;

namespace Golden.Training.Objectives;

/// <summary>Documents packed into blocks.</summary>
internal static class PackingCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "lengths", "block", "documents_note", "bfd", "bfd_split", "wrapped", "padding_free_batch_of_all_rows", "concatenate_drop_tail", "concatenate_with_eos_drop_tail");
        var block = c["block"].GetInt32();
        var (documents, next) = (new List<int[]>(), 100);
        foreach (var length in c["lengths"].ToInts())
        {
            documents.Add([.. Enumerable.Range(next, length)]);
            next += length;
        }
        TokenRow[] rows = [.. documents.Select(document => CompletionRows.Of(document))];
        var bestFit = PackedRows.Of(rows, block);
        if (c["bfd"].IsGiven()) VerifyParts(c["bfd"], tally, "bfd", bestFit);
        if (c["bfd_split"].IsGiven()) VerifyParts(c["bfd_split"], tally, "bfd_split", PackedRows.Of(rows, block, PackingStrategy.BestFitSplit));
        if (c["wrapped"].IsGiven()) VerifyRows(c["wrapped"], tally, "wrapped", PackedRows.Of(rows, block, PackingStrategy.Wrapped));
        if (c["concatenate_drop_tail"].IsGiven()) VerifyWhole(c["concatenate_drop_tail"], tally, "concatenate_drop_tail", rows, block);
        var ended = c["concatenate_with_eos_drop_tail"];
        if (ended.IsGiven())
        {
            TokenRow[] withEnds = [.. documents.Select(document => CompletionRows.Of([.. document, ended.GetProperty("eos").GetInt32()]))];
            VerifyWhole(ended, tally, "concatenate_with_eos_drop_tail", withEnds, block);
        }
        if (c["padding_free_batch_of_all_rows"].IsGiven()) VerifyFlat(c["padding_free_batch_of_all_rows"], tally, bestFit);
    }

    private static void VerifyWhole(JsonElement expected, Tally tally, string name, TokenRow[] rows, int block)
    {
        var blocks = PackedRows.Of(rows, block, PackingStrategy.Wrapped, dropTail: true);
        VerifyRows(expected, tally, name, blocks);
        tally.Equal($"{name} dropped", expected.GetProperty("dropped").GetInt32(), rows.Sum(row => row.Tokens.Length) - blocks.Sum(row => row.Tokens.Length));
    }

    private static void VerifyRows(JsonElement expected, Tally tally, string name, IReadOnlyList<TokenRow> rows)
    {
        tally.Equal($"{name} rows", expected.GetProperty("rows").GetArrayLength(), rows.Count);
        foreach (var (row, actual) in expected.GetProperty("rows").EnumerateArray().Zip(rows)) tally.Sequence(name, row.ToInts(), actual.Tokens);
    }

    private static void VerifyParts(JsonElement expected, Tally tally, string name, IReadOnlyList<TokenRow> rows)
    {
        VerifyRows(expected, tally, name, rows);
        for (var i = 0; i < rows.Count; i++)
        {
            var positions = Positions(rows[i].Documents!);
            tally.Sequence($"{name} position_ids", expected.GetProperty("position_ids")[i].ToInts(), positions);
            tally.Sequence($"{name} segment_lengths", expected.GetProperty("segment_lengths")[i].ToInts(), rows[i].Documents!.GroupBy(document => document).Select(part => part.Count()));
            tally.Sequence($"{name} segment_starts", expected.GetProperty("segment_starts")[i].ToInts(), Enumerable.Range(0, positions.Length).Where(at => positions[at] == 0));
        }
    }

    private static void VerifyFlat(JsonElement expected, Tally tally, IReadOnlyList<TokenRow> rows)
    {
        tally.Sequence("flat input_ids", expected.GetProperty("input_ids")[0].ToInts(), rows.SelectMany(row => row.Tokens));
        tally.Sequence("flat labels", expected.GetProperty("labels")[0].ToInts(), rows.SelectMany(row => Labels(row)));
        int[] positions = [.. rows.SelectMany(row => Positions(row.Documents!))];
        tally.Sequence("flat position_ids", expected.GetProperty("position_ids")[0].ToInts(), positions);
        int[] edges = [.. Enumerable.Range(0, positions.Length).Where(at => positions[at] == 0), positions.Length];
        if (expected.TryGetProperty("cu_seq_lens_q", out var starts)) tally.Sequence("cu_seq_lens_q", starts.ToInts(), edges);
        if (expected.TryGetProperty("max_length_q", out var longest)) tally.Equal("max_length_q", longest.GetInt32(), positions.Max() + 1);
        if (expected.TryGetProperty("seq_idx", out var documents)) tally.Sequence("seq_idx", documents[0].ToInts(), positions.Select((_, at) => Array.FindLastIndex(edges, edge => edge <= at)));
    }

    // A target belongs to the token before it; what a document begins with is nobody's target.
    private static IEnumerable<int> Labels(TokenRow row) => row.Targets.Select((_, i) => i == 0 || row.Documents![i] != row.Documents[i - 1] ? -100 : row.Targets[i - 1]);

    private static int[] Positions(int[] documents)
    {
        var positions = new int[documents.Length];
        for (var i = 1; i < positions.Length; i++) positions[i] = documents[i] == documents[i - 1] ? positions[i - 1] + 1 : 0;
        return positions;
    }
}
