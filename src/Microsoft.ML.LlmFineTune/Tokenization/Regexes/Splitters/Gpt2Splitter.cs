namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>GPT-2's pattern: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.</summary>
internal sealed class Gpt2Splitter : TextSplitter
{
    private const SplitClass Known = SplitClass.Letter | SplitClass.Number | SplitClass.Space;

    public static Gpt2Splitter Instance { get; } = new();

    public override int MatchLength(ReadOnlySpan<char> text)
    {
        var at = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        var kind = SplitClasses.At(text, at, out var length) & Known;
        if ((kind & SplitClass.Space) != 0)
            return WhiteSpace.Length(text);
        if (at == 0 && Contractions.LengthAt(text, 0) is > 0 and var contraction)
            return contraction;
        return kind == SplitClass.None ? SplitClasses.EndOfOthers(text, at + length, Known) : SplitClasses.EndOfRun(text, at + length, kind);
    }
}
