namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>English endings behind an apostrophe: 's 't 're 've 'm 'll 'd.</summary>
internal static class Contractions
{
    /// <summary>Length of the ending at a place; 0 where there is none.</summary>
    public static int LengthAt(ReadOnlySpan<char> text, int at)
    {
        if (at + 1 >= text.Length || text[at] != '\'')
            return 0;
        if (text[at + 1] is 's' or 't' or 'm' or 'd')
            return 2;
        return at + 2 < text.Length && (text[at + 1], text[at + 2]) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    /// <summary>The same in any case; U+017F is an s.</summary>
    public static int LengthIgnoringCase(ReadOnlySpan<char> text, int at)
    {
        if (at + 1 >= text.Length || text[at] != '\'')
            return 0;
        if (text[at + 1] is 's' or 't' or 'm' or 'd' or 'S' or 'T' or 'M' or 'D' or '\u017F')
            return 2;
        return at + 2 < text.Length && ((char)(text[at + 1] | 0x20), (char)(text[at + 2] | 0x20)) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }
}
