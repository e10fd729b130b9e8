namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Cuts a text or a pair of texts to a number of tokens, as Hugging Face's tokenizers do.</summary>
internal static class PairTruncation
{
    /// <param name="first">The text.</param>
    /// <param name="second">The second text of a pair; null where there is none.</param>
    /// <param name="options">How.</param>
    /// <param name="room">The most tokens of both together.</param>
    /// <exception cref="ArgumentException">The text that is to be cut isn't there or is too short, or the stride leaves no room.</exception>
    public static (EncodedTokens First, EncodedTokens? Second) Apply(EncodedTokens first, EncodedTokens? second, TruncationOptions options, int room)
    {
        EncodedTokens Cut(EncodedTokens text, int length) => text.Truncate(length, options.Stride, options.Side);
        if (room == 0)
            return (Cut(first, 0), second is null ? null : Cut(second, 0));
        long excess = (long)first.Count + (second?.Count ?? 0) - room;
        if (excess <= 0)
            return (first, second);
        switch (options.Strategy)
        {
            case TruncationStrategy.LongestFirst when second is null:
                return (Cut(first, room), null);
            case TruncationStrategy.LongestFirst:
                var (firstLength, secondLength) = Lengths(first.Count, second!.Count, room);
                return (Cut(first, firstLength), Cut(second, secondLength));
            case TruncationStrategy.OnlyFirst:
                return (Cut(first, Shorten(first.Count, excess, "first")), second);
            default:
                if (second is null)
                    throw new ArgumentException($"Truncation of the second text only ({nameof(TruncationStrategy.OnlySecond)}) needs a pair of texts; this is a single one. Use {nameof(TruncationStrategy.LongestFirst)} or {nameof(TruncationStrategy.OnlyFirst)}.");
                return (first, Cut(second, Shorten(second.Count, excess, "second")));
        }
    }

    // The shorter text stays whole as long as it is below half the room.
    private static (int First, int Second) Lengths(int first, int second, int room)
    {
        var (shorter, longer) = (Math.Min(first, second), Math.Max(first, second));
        longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if ((long)shorter + longer > room)
        {
            shorter = room / 2;
            longer = shorter + (room % 2);
        }
        return first > second ? (longer, shorter) : (shorter, longer);
    }

    private static int Shorten(int count, long excess, string which) => count > excess
        ? (int)(count - excess)
        : throw new ArgumentException($"The {which} text has {count} tokens, and {excess} would have to go: it is too short to be the only one that is cut. Use {nameof(TruncationStrategy.LongestFirst)} or a larger maximum length.");
}
