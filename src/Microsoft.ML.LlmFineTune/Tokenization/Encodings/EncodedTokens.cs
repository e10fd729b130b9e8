namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Tokens on their way to a <see cref="TextEncoding"/>: cut, put between special tokens, joined with another text's, padded. How is Hugging Face's tokenizers' convention.</summary>
internal sealed class EncodedTokens
{
    private static readonly (int, int, int)[] NoSequences = [];

    public int[] Ids { get; private set; } = [];

    public TokenSpan[] Spans { get; private set; } = [];

    public int[] Words { get; private set; } = [];

    public int[] TypeIds { get; set; } = [];

    public int[] SpecialTokensMask { get; private set; } = [];

    public int[] AttentionMask { get; private set; } = [];

    /// <summary>Which tokens are of which text; where nothing is said, all are of the first.</summary>
    public (int Sequence, int Start, int End)[] Sequences { get; private set; } = NoSequences;

    /// <summary>Tokens that are spelled otherwise than the vocabulary does.</summary>
    public Dictionary<int, string>? Spellings { get; private set; }

    public List<EncodedTokens> Overflowing { get; private set; } = [];

    public int TruncatedTokens { get; private set; }

    public int Count => Ids.Length;

    /// <summary>Tokens of a text.</summary>
    public static EncodedTokens OfText(TokenBuffer tokens)
    {
        var count = tokens.Count;
        var ones = new int[count];
        Array.Fill(ones, 1);
        return new EncodedTokens
        {
            Ids = tokens.Ids.ToArray(),
            Spans = tokens.Spans.ToArray(),
            Words = tokens.Words.ToArray(),
            TypeIds = new int[count],
            SpecialTokensMask = new int[count],
            AttentionMask = ones,
            Spellings = tokens.TakeSpellings(),
        };
    }

    /// <summary>Tokens that stand for no text. They are spelled as they are given, even where the vocabulary spells them otherwise.</summary>
    public static EncodedTokens Special(IReadOnlyList<(string Token, int Id)> tokens, int typeId, Func<EncodedTokens, int, string> spell)
    {
        var special = Added([.. tokens.Select(token => token.Id)], typeId, attention: 1);
        for (var i = 0; i < tokens.Count; i++)
        {
            if (spell(special, i) != tokens[i].Token)
                (special.Spellings ??= [])[i] = tokens[i].Token;
        }
        return special;
    }

    /// <summary>The same tokens, to be changed without changing these.</summary>
    public EncodedTokens Copy()
    {
        var copy = (EncodedTokens)MemberwiseClone();
        (copy.Spans, copy.Overflowing) = ([.. Spans], [.. Overflowing.Select(overflow => overflow.Copy())]);
        return copy;
    }

    public void SetSequence(int sequence)
    {
        Sequences = [.. Sequences.Where(known => known.Sequence != sequence), (sequence, 0, Count)];
    }

    public void SetTypeIds(int typeId)
    {
        TypeIds = new int[Count];
        Array.Fill(TypeIds, typeId);
    }

    /// <summary>This and its overflow, each changed in place.</summary>
    public void ForEach(Action<EncodedTokens> change)
    {
        change(this);
        foreach (var overflow in Overflowing)
            change(overflow);
    }

    /// <summary>Keeps a window of tokens; the others become overflow, in windows that share <paramref name="stride"/> tokens with the one before.</summary>
    /// <exception cref="ArgumentException">The stride is not below the length.</exception>
    public EncodedTokens Truncate(int length, int stride, TruncationSide side)
    {
        if (length >= Count)
            return this;
        if (length == 0)
            return new EncodedTokens { Overflowing = [this], TruncatedTokens = Count };
        if (stride >= length)
            throw new ArgumentException($"The stride must be below the tokens of a window: {length} where the special tokens have their room; it is {stride}. Use a smaller stride or a larger maximum length.");
        var windows = new List<EncodedTokens>();
        var step = length - stride;
        if (side == TruncationSide.Right)
        {
            for (var start = 0; ; start += step)
            {
                var end = Math.Min(start + length, Count);
                windows.Add(Window(start, end));
                if (end == Count)
                    break;
            }
        }
        else
        {
            for (var end = Count; ; end -= step)
            {
                var start = Math.Max(end - length, 0);
                windows.Add(Window(start, end));
                if (start == 0)
                    break;
            }
        }
        var kept = windows[0];
        kept.Overflowing = windows[1..];
        kept.TruncatedTokens = Count - length;
        return kept;
    }

    /// <summary>Puts special tokens around these, which are then no special ones, whatever they were.</summary>
    public EncodedTokens Surround(EncodedTokens? before, EncodedTokens after)
    {
        ForEach(text => Array.Clear(text.SpecialTokensMask));
        return (before is null ? this : before.Append(this)).Append(after);
    }

    /// <summary>These and others after them. Overflow on both sides is combined, each with each.</summary>
    public EncodedTokens Append(EncodedTokens next)
    {
        var joined = Join(this, next);
        foreach (var mine in Overflowing)
        {
            joined.Overflowing.Add(Join(mine, next));
            foreach (var theirs in next.Overflowing)
                joined.Overflowing.Add(Join(mine, theirs));
        }
        foreach (var theirs in next.Overflowing)
            joined.Overflowing.Add(Join(this, theirs));
        joined.TruncatedTokens = TruncatedTokens + next.TruncatedTokens;
        return joined;
    }

    public void Pad(int length, PaddingOptions padding)
    {
        foreach (var overflow in Overflowing)
            overflow.Pad(length, padding);
        if (Count >= length)
            return;
        var ids = new int[length - Count];
        Array.Fill(ids, padding.Id);
        var added = Added(ids, padding.TypeId, attention: 0);
        if (padding.Token is { } token)
            added.Spellings = Enumerable.Range(0, ids.Length).ToDictionary(i => i, _ => token);
        var joined = padding.Side == PaddingSide.Right ? Join(this, added) : Join(added, this);
        (Ids, Spans, Words, TypeIds, SpecialTokensMask, AttentionMask) = (joined.Ids, joined.Spans, joined.Words, joined.TypeIds, joined.SpecialTokensMask, joined.AttentionMask);
        (Sequences, Spellings) = (joined.Sequences, joined.Spellings);
    }

    private static EncodedTokens Added(int[] ids, int typeId, int attention)
    {
        var tokens = new EncodedTokens { Ids = ids, Spans = new TokenSpan[ids.Length], Words = new int[ids.Length], TypeIds = new int[ids.Length], SpecialTokensMask = new int[ids.Length], AttentionMask = new int[ids.Length] };
        Array.Fill(tokens.Words, TextEncoding.NoWord);
        Array.Fill(tokens.TypeIds, typeId);
        Array.Fill(tokens.SpecialTokensMask, 1);
        Array.Fill(tokens.AttentionMask, attention);
        return tokens;
    }

    private EncodedTokens Window(int start, int end) => new()
    {
        Ids = Ids[start..end],
        Spans = Spans[start..end],
        Words = Words[start..end],
        TypeIds = TypeIds[start..end],
        SpecialTokensMask = SpecialTokensMask[start..end],
        AttentionMask = AttentionMask[start..end],
        Spellings = Spellings?.Where(spelling => spelling.Key >= start && spelling.Key < end).ToDictionary(spelling => spelling.Key - start, spelling => spelling.Value),
    };

    // Overflow aside.
    private static EncodedTokens Join(EncodedTokens first, EncodedTokens second) => new()
    {
        Ids = [.. first.Ids, .. second.Ids],
        Spans = [.. first.Spans, .. second.Spans],
        Words = [.. first.Words, .. second.Words],
        TypeIds = [.. first.TypeIds, .. second.TypeIds],
        SpecialTokensMask = [.. first.SpecialTokensMask, .. second.SpecialTokensMask],
        AttentionMask = [.. first.AttentionMask, .. second.AttentionMask],
        Sequences = JoinSequences(first, second),
        Spellings = JoinSpellings(first, second),
    };

    // What the second says of a text counts.
    private static (int Sequence, int Start, int End)[] JoinSequences(EncodedTokens first, EncodedTokens second) => second.Sequences.Length == 0 ? first.Sequences :
    [
        .. first.Sequences.Where(mine => !second.Sequences.Any(theirs => theirs.Sequence == mine.Sequence)),
        .. second.Sequences.Select(sequence => (sequence.Sequence, first.Count + sequence.Start, first.Count + sequence.End)),
    ];

    private static Dictionary<int, string>? JoinSpellings(EncodedTokens first, EncodedTokens second)
    {
        if (second.Spellings is null)
            return first.Spellings;
        var joined = first.Spellings is null ? [] : new Dictionary<int, string>(first.Spellings);
        foreach (var (token, spelling) in second.Spellings)
            joined[first.Count + token] = spelling;
        return joined;
    }
}
