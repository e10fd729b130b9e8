using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What happens to the tokens of a text: special tokens around it, and offsets without the spaces at the edges of a token.</summary>
/// <param name="Before">Ids of special tokens before the text.</param>
/// <param name="After">Ids of special tokens after the text.</param>
/// <param name="TrimOffsets">Whether offsets leave out the spaces of a token.</param>
/// <param name="AddPrefixSpace">When trimming: whether the one space of a token at the start of the text is taken for one that isn't in the text.</param>
/// <param name="Json">The part of tokenizer.json that this was read from; null where there was none.</param>
internal sealed record PostProcessor(IReadOnlyList<int> Before, IReadOnlyList<int> After, bool TrimOffsets, bool AddPrefixSpace, JsonNode? Json)
{
    public static PostProcessor None { get; } = new([], [], false, false, null);

    /// <summary>The span of a token without the white space of its text.</summary>
    public (int Start, int End) Trim(ReadOnlySpan<char> tokenText, bool first, int start, int end)
    {
        if (!TrimOffsets)
            return (start, end);
        var leading = 0;
        while (leading < tokenText.Length && IsSpace(tokenText[leading]))
            leading++;
        var trailing = 0;
        while (trailing < tokenText.Length && IsSpace(tokenText[^(trailing + 1)]))
            trailing++;
        if (leading == 1 && AddPrefixSpace && (first || start == 0))
            leading = 0;
        start = Math.Min(start + leading, end);
        return (start, end < trailing ? end : Math.Max(end - trailing, start));
    }

    private static bool IsSpace(char character) => character == ByteAlphabet.Space || char.IsWhiteSpace(character);
}
