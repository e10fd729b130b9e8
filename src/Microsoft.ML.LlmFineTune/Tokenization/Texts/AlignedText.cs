using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A part of a text while it is being changed, and for each of its UTF-16 units the span of the original text that it stands for. As long as each character stands for itself, no spans are held. Used again and again by one thread.
/// </summary>
/// <remarks>
/// How spans follow a change is the convention of Hugging Face's tokenizers (NormalizedString): a character that replaces another has its span, an inserted one that of the character before it.
/// </remarks>
internal sealed class AlignedText
{
    // A few normalizers, each of which doubles the text, would ask for all memory there is.
    private const int MostGrowth = 256;
    private const int AlwaysAllowed = 1 << 20;

    private char[] _characters = [];
    private int[] _starts = [];
    private int[] _ends = [];
    private char[] _nextCharacters = [];
    private int[] _nextStarts = [];
    private int[] _nextEnds = [];
    private int _next;
    private bool _aligned;
    private int _source;
    private long _most;

    public int Length { get; private set; }

    /// <summary>How many characters it has memory for.</summary>
    public int Capacity => Math.Max(_characters.Length, _nextCharacters.Length);

    public ReadOnlySpan<char> Characters => _characters.AsSpan(0, Length);

    /// <summary>The same memory, for changes that keep every character's length.</summary>
    public Span<char> MutableCharacters => _characters.AsSpan(0, Length);

    /// <summary>Takes a part of the original text. A surrogate without its partner becomes U+FFFD.</summary>
    /// <param name="text">The part.</param>
    /// <param name="source">Where it begins in the original text.</param>
    public void Reset(ReadOnlySpan<char> text, int source)
    {
        Grow(ref _characters, text.Length);
        text.CopyTo(_characters);
        (Length, _aligned, _source) = (text.Length, false, source);
        _most = Math.Max(AlwaysAllowed, (long)MostGrowth * text.Length);
        for (var at = text.IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0 && at < Length; at++)
        {
            if (!char.IsSurrogate(_characters[at]))
                continue;
            if (char.IsHighSurrogate(_characters[at]) && at + 1 < Length && char.IsLowSurrogate(_characters[at + 1]))
                at++;
            else
                _characters[at] = '\uFFFD';
        }
    }

    /// <summary>The span of the original text that a range of units stands for; the range is not empty.</summary>
    public TokenSpan SpanOf(int start, int end) => _aligned ? new TokenSpan(_starts[start], _ends[end - 1]) : new TokenSpan(_source + start, _source + end);

    /// <summary>Where the character at a place begins in the original text.</summary>
    public int SourceOf(int at) => _aligned ? _starts[at] : _source + at;

    /// <summary>Puts characters in place of all of the present ones.</summary>
    public void Transform(List<CharacterChange> changes)
    {
        BeginChange(changes.Count * 2);
        var at = 0;
        foreach (var (codePoint, change) in CollectionsMarshal.AsSpan(changes))
        {
            if (change > 0)
            {
                Append(codePoint, at - 1);
                continue;
            }
            Append(codePoint, Math.Min(at, Length - 1));
            for (var swallowed = 0; swallowed <= -change && at < Length; swallowed++)
                at += StepAt(at);
        }
        EndChange();
    }

    /// <summary>Leaves out the characters that are not to be kept.</summary>
    public void Keep(Func<int, bool> keep)
    {
        var at = 0;
        while (at < Length && keep(CodePointAt(at, out var length)))
            at += length;
        if (at == Length)
            return;
        BeginChange(Length);
        CopyUnchanged(0, at);
        for (; at < Length;)
        {
            if (keep(CodePointAt(at, out var length)))
                CopyUnchanged(at, at + length);
            at += length;
        }
        EndChange();
    }

    /// <summary>Keeps a range alone.</summary>
    public void Slice(int start, int end)
    {
        if (start == 0 && end == Length)
            return;
        BeginChange(end - start);
        CopyUnchanged(start, end);
        EndChange();
    }

    /// <summary>Puts a text before the first character; all of it has that character's span. Nothing happens to an empty text.</summary>
    public void Prepend(string text)
    {
        if (Length == 0)
            return;
        BeginChange(text.Length + Length);
        Insert(text, 0);
        CopyUnchanged(0, Length);
        EndChange();
    }

    /// <summary>Puts a text in place of each match. It has the span of the last character that it replaces.</summary>
    public void Replace(TextPattern pattern, string content)
    {
        var copied = 0;
        var changed = false;
        var matches = pattern.In(Characters);
        while (matches.Next(out var start, out var end))
        {
            if (!changed)
                BeginChange(Length);
            changed = true;
            CopyUnchanged(copied, start);
            Insert(content, end - 1);
            copied = end;
        }
        if (!changed)
            return;
        CopyUnchanged(copied, Length);
        EndChange();
    }

    // A change is written beside the present text, which it is made of.
    public void BeginChange(int expected)
    {
        if (!_aligned)
            Align();
        _next = 0;
        Reserve(expected);
    }

    public void EndChange()
    {
        (_characters, _nextCharacters) = (_nextCharacters, _characters);
        (_starts, _nextStarts) = (_nextStarts, _starts);
        (_ends, _nextEnds) = (_nextEnds, _ends);
        Length = _next;
    }

    /// <summary>How much of the changed text is there.</summary>
    public int Written => _next;

    public void CopyUnchanged(int start, int end)
    {
        var count = end - start;
        Reserve(count);
        Array.Copy(_characters, start, _nextCharacters, _next, count);
        Array.Copy(_starts, start, _nextStarts, _next, count);
        Array.Copy(_ends, start, _nextEnds, _next, count);
        _next += count;
    }

    /// <summary>Appends a text with the span of a present unit; a place before the first has the empty span there.</summary>
    public void Insert(ReadOnlySpan<char> text, int like)
    {
        Reserve(text.Length);
        var (start, end) = like < 0 ? (_source, _source) : (_starts[like], _ends[like]);
        text.CopyTo(_nextCharacters.AsSpan(_next));
        _nextStarts.AsSpan(_next, text.Length).Fill(start);
        _nextEnds.AsSpan(_next, text.Length).Fill(end);
        _next += text.Length;
    }

    public int CodePointAt(int at, out int length)
    {
        var first = _characters[at];
        if (char.IsHighSurrogate(first) && at + 1 < Length)
        {
            length = 2;
            return char.ConvertToUtf32(first, _characters[at + 1]);
        }
        length = 1;
        return first;
    }

    private int StepAt(int at) => char.IsHighSurrogate(_characters[at]) && at + 1 < Length ? 2 : 1;

    private void Append(int codePoint, int like)
    {
        Span<char> units = stackalloc char[2];
        var length = new Rune(codePoint).EncodeToUtf16(units);
        Insert(units[..length], like);
    }

    // Both units of a pair have the pair's span.
    private void Align()
    {
        Grow(ref _starts, Length);
        Grow(ref _ends, Length);
        for (var at = 0; at < Length; at++)
        {
            (_starts[at], _ends[at]) = (_source + at, _source + at + 1);
            if (char.IsLowSurrogate(_characters[at]))
                (_starts[at], _ends[at - 1]) = (_source + at - 1, _source + at + 1);
        }
        _aligned = true;
    }

    private void Reserve(int more)
    {
        if (_next + (long)more > Math.Min(_most, Array.MaxLength))
            throw new InvalidOperationException($"The tokenizer's normalizer or pre-tokenizer makes a text more than {MostGrowth} times as long: its replacements feed each other. Correct its file.");
        Grow(ref _nextCharacters, _next + more, keep: _next);
        Grow(ref _nextStarts, _next + more, keep: _next);
        Grow(ref _nextEnds, _next + more, keep: _next);
    }

    private static void Grow<T>(ref T[] array, int length, int keep = 0)
    {
        if (array.Length >= length)
            return;
        var larger = new T[Math.Max(length, 2 * array.Length)];
        Array.Copy(array, larger, keep);
        array = larger;
    }
}
