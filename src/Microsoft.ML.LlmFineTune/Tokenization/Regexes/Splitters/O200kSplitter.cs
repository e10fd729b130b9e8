namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// The pattern of o200k_base and its kin, with U for [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], W for [\p{Ll}\p{Lm}\p{Lo}\p{M}] and C for (?i:'s|'t|'re|'ve|'m|'ll|'d):
/// <c>[^\r\n\p{L}\p{N}]?U*W+C?|[^\r\n\p{L}\p{N}]?U+W*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// </summary>
/// <param name="digits">Digits that a piece has at most.</param>
/// <param name="contractions">Whether a word takes the ending behind its apostrophe along.</param>
internal sealed class O200kSplitter(int digits, bool contractions = true) : TextSplitter
{
    private const SplitClass Known = SplitClass.Letter | SplitClass.Number | SplitClass.Space;

    public override int MatchLength(ReadOnlySpan<char> text)
    {
        var first = SplitClasses.At(text, 0, out var length);
        if ((first & SplitClass.Number) != 0)
            return Numbers.End(text, length, digits);
        var (leads, isWord) = ((first & (SplitClass.Letter | SplitClass.NewLine)) == 0, (first & (SplitClass.Upper | SplitClass.Lower)) != 0);
        var end = leads ? LowerWord(text, length) : -1;
        if (end < 0 && isWord)
            end = LowerWord(text, 0);
        if (end < 0 && leads)
            end = UpperWord(text, length);
        if (end < 0 && isWord)
            end = UpperWord(text, 0);
        if (end >= 0)
            return contractions ? end + Contractions.LengthIgnoringCase(text, end) : end;
        if ((first & SplitClass.Space) != 0 && (text[0] != ' ' || length == text.Length || (SplitClasses.At(text, length, out _) & Known) != 0))
            return WhiteSpace.LengthByLines(text, wholeEnd: false);
        end = SplitClasses.EndOfOthers(text, length, Known);
        while (end < text.Length && text[end] is '\r' or '\n' or '/')
            end++;
        return end;
    }

    // U*W+: where no character of W follows the run of U, the last one inside the run ends the match.
    private static int LowerWord(ReadOnlySpan<char> text, int at)
    {
        var last = -1;
        while (at < text.Length)
        {
            var kind = SplitClasses.At(text, at, out var length);
            if ((kind & SplitClass.Upper) == 0)
                return (kind & SplitClass.Lower) != 0 ? SplitClasses.EndOfRun(text, at, SplitClass.Lower) : last;
            at += length;
            if ((kind & SplitClass.Lower) != 0)
                last = at;
        }
        return last;
    }

    // U+W*, where U*W+ has failed: no character of W follows.
    private static int UpperWord(ReadOnlySpan<char> text, int at)
    {
        var end = SplitClasses.EndOfRun(text, at, SplitClass.Upper);
        return end > at ? end : -1;
    }
}
