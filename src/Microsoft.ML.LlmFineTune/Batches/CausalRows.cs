namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>The shift: a row reads tokens [start, start + length) and is asked for those one further on.</summary>
internal static class CausalRows
{
    /// <summary>Rows that start at block numbers times the block length; what is missing of the last block is padded.</summary>
    public static TokenBatch Gather(int[] stream, ReadOnlySpan<int> blocks, int blockLength, int padding)
    {
        var rows = new List<ArraySegment<int>>(blocks.Length);
        foreach (var block in blocks)
        {
            var start = block * blockLength;
            rows.Add(new ArraySegment<int>(stream, start, 1 + Math.Min(blockLength, stream.Length - start - 1)));
        }
        return FromRuns(rows, padding);
    }

    /// <summary>A document alone, with an end-of-text before and after it, in runs that share their border token: every token after the first is a target of one run. More than one where the model is shorter than the document.</summary>
    public static IEnumerable<ArraySegment<int>> RunsOf(int[] document, int endOfText, int maximumLength)
    {
        int[] whole = [endOfText, .. document, endOfText];
        for (var start = 0L; start < whole.Length - 1; start += maximumLength)
            yield return new ArraySegment<int>(whole, (int)start, 1 + (int)Math.Min(maximumLength, whole.Length - start - 1));
    }

    /// <summary>One row a run; a run of n tokens gives n - 1 targets. The batch is as long as its longest row.</summary>
    public static TokenBatch FromRuns(IReadOnlyList<ArraySegment<int>> runs, int padding)
    {
        var length = runs.Max(run => run.Count) - 1;
        var (tokens, targets) = (new long[runs.Count * length], new long[runs.Count * length]);
        bool[]? mask = null;
        for (var row = 0; row < runs.Count; row++)
        {
            var run = runs[row].AsSpan();
            var rowTokens = tokens.AsSpan(row * length, length);
            var rowTargets = targets.AsSpan(row * length, length);
            for (var i = 0; i + 1 < run.Length; i++)
                (rowTokens[i], rowTargets[i]) = (run[i], run[i + 1]);
            var real = run.Length - 1;
            if (real == length)
                continue;
            rowTokens[real..].Fill(padding);
            rowTargets[real..].Fill(TokenBatch.Ignored);
            mask ??= PaddedRows.AllReal(runs.Count, length);
            mask.AsSpan(row * length + real, length - real).Clear();
        }
        return new TokenBatch(runs.Count, length, tokens, targets, mask);
    }
}
