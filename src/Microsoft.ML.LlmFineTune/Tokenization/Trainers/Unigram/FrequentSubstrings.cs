namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Substrings that occur more than once, with the characters that they cover.</summary>
internal static class FrequentSubstrings
{
    private const int RepeatsPerCheck = 1 << 16;

    /// <summary>A substring of the text. <paramref name="Score"/> is its length times its occurrences; <paramref name="Rank"/> and length order substrings by their code points.</summary>
    public readonly record struct Substring(int Start, int Length, long Score, int Rank);

    /// <summary>
    /// Finds the substrings of at least two code points, without a 0 in them, that can't be made longer to the right without occurring less often. They come in the order in which a walk along the suffix array leaves them.
    /// </summary>
    /// <param name="text">Code points; a 0 ends each word.</param>
    /// <param name="isPiece">Whether a substring without 0 may be a piece.</param>
    /// <param name="report">Hears of steps done, of 3.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static List<Substring> Find(int[] text, Func<ReadOnlySpan<int>, bool> isPiece, Action<int> report, CancellationToken cancellationToken)
    {
        report(0);
        var (values, alphabet) = Compacted(text);
        var suffixes = SuffixArray.Sort(values, alphabet, cancellationToken);
        report(1);
        var common = SuffixArray.CommonPrefixes(values, suffixes, cancellationToken);
        report(2);
        // Where the next 0 is.
        var wordEnds = values;
        for (int i = text.Length - 1, end = text.Length; i >= 0; i--)
        {
            if (text[i] == 0)
                end = i;
            wordEnds[i] = end;
        }
        var found = new List<Substring>();
        var repeats = 0;
        foreach (var (first, end, length) in SuffixArray.Repeats(common))
        {
            if (repeats++ % RepeatsPerCheck == 0)
                cancellationToken.ThrowIfCancellationRequested();
            var start = suffixes[first];
            if (length < 2 || start + (long)length >= text.Length || wordEnds[start] < start + length || !isPiece(text.AsSpan(start, length)))
                continue;
            found.Add(new Substring(start, length, (long)(end - first) * length, first));
        }
        report(3);
        return found;
    }

    // Code points as their ranks among those that occur, so that the sorting needs no room for a million values.
    private static (int[] Values, int Count) Compacted(int[] text)
    {
        var ranks = new int[ScalarValues.End];
        foreach (var codePoint in text)
            ranks[codePoint] = 1;
        var count = 0;
        for (var codePoint = 0; codePoint < ranks.Length; codePoint++)
        {
            if (ranks[codePoint] > 0)
                ranks[codePoint] = count++;
        }
        return (Array.ConvertAll(text, codePoint => ranks[codePoint]), count);
    }
}
