namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Cuts tokens where a character ends, not inside one that takes several tokens.</summary>
internal static class TokenCut
{
    /// <summary>How many tokens, at most so many from the beginning, stand for whole characters.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="most">The most.</param>
    /// <param name="length">The length of the text.</param>
    /// <param name="count">How many they are.</param>
    /// <returns>How much of the text they stand for.</returns>
    public static int AtMost(TokenBuffer tokens, int most, int length, out int count)
    {
        count = tokens.Count;
        if (count <= most)
            return length;
        count = most;
        while (count > 0 && tokens.Spans[count - 1].End > tokens.Spans[count].Start)
            count--;
        return count == 0 ? 0 : tokens.Spans[count - 1].End;
    }

    /// <summary>The same from the end.</summary>
    /// <returns>Where the tokens begin in the text.</returns>
    public static int FromEnd(TokenBuffer tokens, int most, int length, out int count)
    {
        var first = Math.Max(tokens.Count - most, 0);
        while (first > 0 && first < tokens.Count && tokens.Spans[first - 1].End > tokens.Spans[first].Start)
            first++;
        count = tokens.Count - first;
        return first == 0 ? 0 : count == 0 ? length : tokens.Spans[first].Start;
    }
}
