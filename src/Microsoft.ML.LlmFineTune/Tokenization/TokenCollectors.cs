using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Takes the tokens of a text as they are found; a struct, so that collecting ids alone costs no offsets.</summary>
internal interface ITokenCollector
{
    /// <summary>Whether more than the limit is there already.</summary>
    bool Full { get; }

    /// <summary>An added token and its span in the text.</summary>
    void Add(AddedToken token, int start, int end);

    /// <summary>A word of the text and its tokens.</summary>
    /// <param name="word">The word, with the space before it that isn't in the text where <paramref name="prefixed"/>.</param>
    /// <param name="start">Where the word starts in the text; where <paramref name="prefixed"/>, one before that.</param>
    /// <param name="prefixed">Whether the first character is not in the text.</param>
    /// <param name="pieces">Its tokens.</param>
    void Add(ReadOnlySpan<char> word, int start, bool prefixed, BpePiece[] pieces);
}

/// <summary>Ids alone.</summary>
internal readonly struct IdCollector() : ITokenCollector
{
    public List<int> Ids { get; } = [];

    public bool Full => false;

    public void Add(AddedToken token, int start, int end) => Ids.Add(token.Id);

    public void Add(ReadOnlySpan<char> word, int start, bool prefixed, BpePiece[] pieces)
    {
        foreach (var piece in pieces)
            Ids.Add(piece.Id);
    }
}

/// <summary>A token and the characters of the text that it has a part in.</summary>
internal readonly record struct TokenSpan(int Id, bool Added, int Start, int End);

/// <summary>Tokens with their spans, up to one more than a limit (by which the cut is known).</summary>
internal readonly struct SpanCollector(int limit) : ITokenCollector
{
    public List<TokenSpan> Tokens { get; } = [];

    public bool Full => Tokens.Count > limit;

    public void Add(AddedToken token, int start, int end) => Tokens.Add(new TokenSpan(token.Id, true, start, end));

    public void Add(ReadOnlySpan<char> word, int start, bool prefixed, BpePiece[] pieces)
    {
        var first = Tokens.Count;
        // Pieces are in order of bytes, so one walk over the characters finds where each begins and ends.
        var (at, length, byteEnd) = (0, 0, 0);
        foreach (var piece in pieces)
        {
            while (byteEnd <= piece.Start)
                Step(word);
            var from = start + at;
            while (byteEnd < piece.End)
                Step(word);
            Tokens.Add(new TokenSpan(piece.Id, false, from, start + at + length));
        }
        if (prefixed)
            LeaveOutPrefix(CollectionsMarshal.AsSpan(Tokens)[first..], start + 1, word.Length > 1 ? LengthOfFirst(word[1..]) : 1);

        void Step(ReadOnlySpan<char> word)
        {
            at += length;
            Rune.DecodeFromUtf16(word[at..], out var rune, out length);
            byteEnd += rune.Utf8SequenceLength;
        }
    }

    /// <summary>Leaves out what is over the limit, and with it the tokens before that stand for a part of the same character. Returns how many characters the tokens that are left stand for.</summary>
    public int Cut(int textLength)
    {
        if (!Full)
            return textLength;
        var kept = limit;
        while (kept > 0 && Tokens[kept - 1].End > Tokens[kept].Start)
            kept--;
        var consumed = Tokens[kept].Start;
        Tokens.RemoveRange(kept, Tokens.Count - kept);
        return consumed;
    }

    // The space that isn't in the text has the span of the character after it.
    private static void LeaveOutPrefix(Span<TokenSpan> tokens, int textStart, int firstLength)
    {
        foreach (ref var token in tokens)
            token = token with { Start = Math.Max(token.Start, textStart), End = Math.Max(token.End, textStart + firstLength) };
    }

    private static int LengthOfFirst(ReadOnlySpan<char> text)
    {
        Rune.DecodeFromUtf16(text, out _, out var length);
        return length;
    }
}
