namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// The pattern of cl100k_base and its kin (Llama 3, Qwen 2):
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// </summary>
/// <param name="digits">Digits that a piece has at most.</param>
/// <param name="marks">Whether marks count as letters: <c>[\p{L}\p{M}]+</c>, <c>[^\s\p{L}\p{M}\p{N}]+</c>.</param>
/// <param name="wholeEnd">Whether white space that ends the text is one piece, as tiktoken's <c>\s++$</c> has it.</param>
internal sealed class Cl100kSplitter(int digits, bool marks = false, bool wholeEnd = false) : TextSplitter
{
    private readonly SplitClass _letters = SplitClass.Letter | (marks ? SplitClass.Mark : SplitClass.None);
    private readonly SplitClass _known = SplitClass.Letter | SplitClass.Number | SplitClass.Space | (marks ? SplitClass.Mark : SplitClass.None);

    public override int MatchLength(ReadOnlySpan<char> text)
    {
        var first = SplitClasses.At(text, 0, out var length);
        if ((first & SplitClass.Letter) != 0)
            return SplitClasses.EndOfRun(text, length, _letters);
        if ((first & SplitClass.Number) != 0)
            return Numbers.End(text, length, digits);
        if (Contractions.LengthIgnoringCase(text, 0) is > 0 and var contraction)
            return contraction;
        var second = length < text.Length ? SplitClasses.At(text, length, out _) : SplitClass.Space;
        if ((first & SplitClass.NewLine) == 0 && (second & _letters) != 0)
            return SplitClasses.EndOfRun(text, length, _letters);
        // A mark that no letter follows.
        if ((first & _letters) != 0)
            return length;
        if ((first & SplitClass.Space) != 0 && (text[0] != ' ' || (second & _known) != 0))
            return WhiteSpace.LengthByLines(text, wholeEnd);
        var end = SplitClasses.EndOfOthers(text, length, _known);
        return SplitClasses.EndOfRun(text, end, SplitClass.NewLine);
    }
}
