namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// The steps that NIST's mteval-v13a and tercom split texts with, each from one buffer into another. A step stands for one substitution by a regular expression: it reads from left to right and goes on behind what it replaced.
/// </summary>
internal static class WesternTokens
{
    private static readonly (string Escaped, int Character)[] Entities = [("&quot;", '"'), ("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];

    private static readonly bool[] s_symbols = [.. Enumerable.Range(0, 0x80).Select(IsSymbol)];

    /// <summary>Symbols stand alone; full stops, commas and dashes do unless they stand within a number.</summary>
    /// <param name="text">Is replaced.</param>
    /// <param name="scratch">Is overwritten.</param>
    /// <param name="splitPossessive">Whether 's before a space stands alone, as in tercom.</param>
    public static void Split(CodePoints text, CodePoints scratch, bool splitPossessive = false)
    {
        SurroundSymbols(text.Span, scratch);
        if (splitPossessive) Replace(scratch, text, "'s ", [' ', '\'', 's', ' ']);
        SplitAfterNonDigit(scratch.Span, text);
        SplitBeforeNonDigit(text.Span, scratch);
        SplitDashAfterDigit(scratch.Span, text);
    }

    /// <summary>What stands for characters in XML becomes them, one kind after the other, so that &amp;amp;lt; becomes &lt;.</summary>
    public static void Unescape(CodePoints text, CodePoints scratch)
    {
        if (!text.Span.Contains('&')) return;
        foreach ((string escaped, int character) in Entities) Replace(text, scratch, escaped, [character]);
    }

    /// <summary>Replaces every occurrence of an ASCII text.</summary>
    public static void Replace(CodePoints text, CodePoints scratch, string found, ReadOnlySpan<int> by)
    {
        ReadOnlySpan<int> source = text.Span;
        if (!source.Contains(found[0])) return;
        scratch.Clear();
        for (int i = 0; i < source.Length;)
        {
            if (StartsWith(source[i..], found))
            {
                scratch.Append(by);
                i += found.Length;
            }
            else
            {
                scratch.Append(source[i++]);
            }
        }
        text.Clear();
        text.Append(scratch.Span);
    }

    /// <summary>Puts spaces around characters of a class.</summary>
    public static void Surround(ReadOnlySpan<int> source, CodePoints target, Func<int, bool> isOfClass)
    {
        target.Clear();
        foreach (int c in source)
        {
            if (isOfClass(c))
            {
                target.Append(' ');
                target.Append(c);
                target.Append(' ');
            }
            else
            {
                target.Append(c);
            }
        }
    }

    private static bool StartsWith(ReadOnlySpan<int> text, string start)
    {
        if (text.Length < start.Length) return false;
        for (int i = 0; i < start.Length; i++)
        {
            if (text[i] != start[i]) return false;
        }
        return true;
    }

    // ASCII punctuation and the space, but for the apostrophe, the comma, the dash and the full stop.
    private static bool IsSymbol(int c) => c is (>= '{' and <= '~') or (>= '[' and <= '`') or (>= ' ' and <= '&') or (>= '(' and <= '+') or (>= ':' and <= '@') or '/';

    private static void SurroundSymbols(ReadOnlySpan<int> source, CodePoints target)
    {
        Span<int> written = target.Overwrite(3 * source.Length);
        ReadOnlySpan<bool> symbols = s_symbols;
        int length = 0;
        foreach (int c in source)
        {
            if ((uint)c < (uint)symbols.Length && symbols[c])
            {
                written[length++] = ' ';
                written[length++] = c;
                written[length++] = ' ';
            }
            else
            {
                written[length++] = c;
            }
        }
        target.Truncate(length);
    }

    private static void SplitAfterNonDigit(ReadOnlySpan<int> source, CodePoints target)
    {
        Span<int> written = target.Overwrite(2 * source.Length);
        int length = 0;
        for (int i = 0; i < source.Length; i++)
        {
            written[length++] = source[i];
            if (i + 1 == source.Length || !IsStop(source[i + 1]) || IsDigit(source[i])) continue;
            written[length++] = ' ';
            written[length++] = source[++i];
            written[length++] = ' ';
        }
        target.Truncate(length);
    }

    private static void SplitBeforeNonDigit(ReadOnlySpan<int> source, CodePoints target)
    {
        Span<int> written = target.Overwrite(2 * source.Length);
        int length = 0;
        for (int i = 0; i < source.Length; i++)
        {
            if (IsStop(source[i]) && i + 1 < source.Length && !IsDigit(source[i + 1]))
            {
                written[length++] = ' ';
                written[length++] = source[i++];
                written[length++] = ' ';
            }
            written[length++] = source[i];
        }
        target.Truncate(length);
    }

    private static void SplitDashAfterDigit(ReadOnlySpan<int> source, CodePoints target)
    {
        Span<int> written = target.Overwrite(2 * source.Length);
        int length = 0;
        for (int i = 0; i < source.Length; i++)
        {
            written[length++] = source[i];
            if (!IsDigit(source[i]) || i + 1 == source.Length || source[i + 1] != '-') continue;
            written[length++] = ' ';
            written[length++] = source[++i];
            written[length++] = ' ';
        }
        target.Truncate(length);
    }

    private static bool IsStop(int c) => c is '.' or ',';

    private static bool IsDigit(int c) => c is >= '0' and <= '9';
}
