namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Tokens on their way to a <see cref="TextEncoding"/>: cut, put between special tokens, joined with another text's, padded. How is Hugging Face's tokenizers' convention.</summary>
internal sealed class EncodedTokens
{
    private const long MostOverflow = 1L << 27;

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
        return Join(before is null ? [this, after] : [before, this, after]);
    }

    /// <summary>One after the other. Overflow of several is combined, each with each.</summary>
    public static EncodedTokens Join(IReadOnlyList<EncodedTokens> parts)
    {
        if (parts.Count < 2)
            return parts.Count == 0 ? new EncodedTokens() : parts[0];
        if (parts.Any(part => part.Overflowing.Count > 0))
            return parts.Aggregate((whole, part) => whole.Append(part));
        var joined = Concatenate([.. parts]);
        joined.TruncatedTokens = parts.Sum(part => part.TruncatedTokens);
        return joined;
    }

    private EncodedTokens Append(EncodedTokens next)
    {
        // A template that names the texts often multiplies their windows without end.
        if ((Overflowing.Count + 1L) * (next.Overflowing.Count + 1L) * (Count + next.Count) > MostOverflow)
            throw new InvalidOperationException($"The windows of the overflow, each of one text with each of the other, have more than {MostOverflow} tokens together: use a larger maximum length or a smaller stride, or cut the texts before.");
        var joined = Concatenate(this, next);
        foreach (var mine in Overflowing)
        {
            joined.Overflowing.Add(Concatenate(mine, next));
            foreach (var theirs in next.Overflowing)
                joined.Overflowing.Add(Concatenate(mine, theirs));
        }
        foreach (var theirs in next.Overflowing)
            joined.Overflowing.Add(Concatenate(this, theirs));
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
        var joined = padding.Side == PaddingSide.Right ? Concatenate(this, added) : Concatenate(added, this);
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
    private static EncodedTokens Concatenate(params ReadOnlySpan<EncodedTokens> parts)
    {
        var count = 0;
        foreach (var part in parts)
            count += part.Count;
        var joined = new EncodedTokens { Ids = new int[count], Spans = new TokenSpan[count], Words = new int[count], TypeIds = new int[count], SpecialTokensMask = new int[count], AttentionMask = new int[count] };
        var at = 0;
        foreach (var part in parts)
        {
            part.Ids.CopyTo(joined.Ids, at);
            part.Spans.CopyTo(joined.Spans, at);
            part.Words.CopyTo(joined.Words, at);
            part.TypeIds.CopyTo(joined.TypeIds, at);
            part.SpecialTokensMask.CopyTo(joined.SpecialTokensMask, at);
            part.AttentionMask.CopyTo(joined.AttentionMask, at);
            // What a later part says of a text counts.
            if (part.Sequences.Length > 0)
                joined.Sequences = [.. joined.Sequences.Where(known => !part.Sequences.Any(sequence => sequence.Sequence == known.Sequence)), .. part.Sequences.Select(sequence => (sequence.Sequence, at + sequence.Start, at + sequence.End))];
            foreach (var (token, spelling) in part.Spellings ?? [])
                (joined.Spellings ??= [])[at + token] = spelling;
            at += part.Count;
        }
        return joined;
    }
}
