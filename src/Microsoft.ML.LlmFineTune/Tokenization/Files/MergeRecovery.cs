namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Finds the merges behind a vocabulary that has none, as transformers does: every way to make a token out of two others, in the order of the tokens, and for one token in an order of their halves.
/// Prefixes and suffixes that are tokens are found by walking through tries, so long tokens cost no more than their length.
/// </summary>
internal static class MergeRecovery
{
    /// <param name="tokens">Each token's bytes; its place is its rank.</param>
    /// <param name="byRankOfHalves">Whether the halves of one token are ordered by their ranks; otherwise by the length of the left one.</param>
    /// <returns>The ranks of both halves.</returns>
    public static IEnumerable<(int Left, int Right)> Find(IReadOnlyList<byte[]> tokens, bool byRankOfHalves)
    {
        var forward = new ByteTrie(tokens.Select((token, rank) => (token, rank)));
        var backward = new ByteTrie(tokens.Select((token, rank) => (Reversed(token), rank)));
        var suffixes = new List<int>();
        var pairs = new List<(int Left, int Right)>();
        foreach (var token in tokens)
        {
            // suffixes[i] is the rank of the last i + 1 bytes.
            suffixes.Clear();
            var node = ByteTrie.Root;
            for (var at = token.Length - 1; at > 0 && backward.Step(ref node, token[at], out var rank); at--)
                suffixes.Add(rank);
            node = ByteTrie.Root;
            pairs.Clear();
            for (var length = 1; length < token.Length && forward.Step(ref node, token[length - 1], out var left); length++)
            {
                var rest = token.Length - length;
                if (left >= 0 && rest <= suffixes.Count && suffixes[rest - 1] is >= 0 and var right)
                    pairs.Add((left, right));
            }
            if (byRankOfHalves)
                pairs.Sort();
            foreach (var pair in pairs)
                yield return pair;
        }
    }

    private static byte[] Reversed(byte[] token)
    {
        var reversed = (byte[])token.Clone();
        Array.Reverse(reversed);
        return reversed;
    }
}
