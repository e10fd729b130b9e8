using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Splits text into the words that byte-level BPE works on.</summary>
/// <param name="addPrefixSpace">Whether a text that doesn't begin with a space gets one, so that its first word is like any other. The space is no part of the text: the spans of <see cref="PreTokenize(string)"/> leave it out.</param>
/// <param name="splitWords">Whether words are split in GPT-2's way; false takes the text as one word.</param>
public sealed class ByteLevelPreTokenizer(bool addPrefixSpace = false, bool splitWords = true) : PreTokenizer
{
    /// <summary>Whether a text that doesn't begin with a space gets one; default false.</summary>
    public bool AddPrefixSpace { get; } = addPrefixSpace;

    /// <summary>Whether words are split in GPT-2's way; default true.</summary>
    public bool SplitWords { get; } = splitWords;

    /// <summary>The spans of the words, in UTF-16 units.</summary>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

    /// <summary>The spans of the words, in UTF-16 units.</summary>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        var prefix = NeedsPrefix(text) ? 1 : 0;
        var prepared = prefix == 1 ? string.Concat(" ", text) : text;
        var words = new List<(int Offset, int Length)>();
        for (var at = 0; at < prepared.Length;)
        {
            var length = FirstWord(prepared[at..]);
            var start = Math.Max(at - prefix, 0);
            if (at + length - prefix > start)
                words.Add((start, at + length - prefix - start));
            at += length;
        }
        return words;
    }

    internal bool NeedsPrefix(ReadOnlySpan<char> text) => AddPrefixSpace && !text.IsEmpty && text[0] != ' ';

    internal int FirstWord(ReadOnlySpan<char> text) => SplitWords ? Gpt2Splitter.Instance.MatchLength(text) : text.Length;
}
