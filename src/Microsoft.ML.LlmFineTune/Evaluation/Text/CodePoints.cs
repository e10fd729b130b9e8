namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// A reusable text of code points. The references that the metrics follow are written in Python, whose strings are sequences of code points: a character beyond the basic plane is one character, and so is a lone surrogate.
/// </summary>
internal sealed class CodePoints
{
    private int[] _items = new int[256];

    public int Length { get; private set; }

    public ReadOnlySpan<int> Span => _items.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Truncate(int length) => Length = length;

    /// <summary>Room to write a new content into, whose length <see cref="Truncate"/> then sets.</summary>
    public Span<int> Overwrite(int mostLength)
    {
        Length = 0;
        EnsureRoom(mostLength);
        return _items;
    }

    public void Append(int codePoint)
    {
        if (Length == _items.Length) Array.Resize(ref _items, Length * 2);
        _items[Length++] = codePoint;
    }

    public void Append(ReadOnlySpan<int> codePoints)
    {
        if (codePoints.IsEmpty) return;
        EnsureRoom(codePoints.Length);
        codePoints.CopyTo(_items.AsSpan(Length));
        Length += codePoints.Length;
    }

    /// <summary>Replaces the content by a text.</summary>
    /// <returns>Whether the text has lone surrogates.</returns>
    public bool Set(ReadOnlySpan<char> text)
    {
        Length = 0;
        EnsureRoom(text.Length);
        int[] items = _items;
        int length = 0;
        bool broken = false;
        for (int i = 0; i < text.Length; i++)
        {
            char unit = text[i];
            if (!char.IsSurrogate(unit))
            {
                items[length++] = unit;
            }
            else if (char.IsHighSurrogate(unit) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                items[length++] = char.ConvertToUtf32(unit, text[++i]);
            }
            else
            {
                items[length++] = unit;
                broken = true;
            }
        }
        Length = length;
        return broken;
    }

    public override string ToString() => ToString(Span);

    public static string ToString(ReadOnlySpan<int> codePoints)
    {
        System.Text.StringBuilder text = new(codePoints.Length);
        foreach (int codePoint in codePoints)
        {
            if (codePoint < 0x10000) text.Append((char)codePoint);
            else text.Append(char.ConvertFromUtf32(codePoint));
        }
        return text.ToString();
    }

    /// <summary>How many code points a text has.</summary>
    public static int Count(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        for (int i = 1; i < text.Length; i++)
        {
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1])) count--;
        }
        return count;
    }

    private void EnsureRoom(int more)
    {
        if (Length + more > _items.Length) Array.Resize(ref _items, Math.Max(Length + more, _items.Length * 2));
    }
}
