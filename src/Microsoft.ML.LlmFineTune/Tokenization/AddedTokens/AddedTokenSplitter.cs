using System.Buffers;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A part of a text: an added token, or (<paramref name="Token"/> null) text between them.</summary>
internal readonly record struct TextPart(AddedToken? Token, int Start, int End);

/// <summary>Finds added tokens: the leftmost first, of several there the longest. Those that aren't normalized go first, the others look at what they left.</summary>
internal sealed class AddedTokenSplitter(IEnumerable<AddedToken> tokens)
{
    private readonly Pass[] _passes = [.. tokens.GroupBy(token => token.Normalized).OrderBy(group => group.Key).Select(group => new Pass(group))];

    public List<TextPart> Split(ReadOnlySpan<char> text)
    {
        List<TextPart> parts = [new TextPart(null, 0, text.Length)];
        foreach (var pass in _passes)
        {
            var next = new List<TextPart>();
            foreach (var part in parts)
            {
                if (part.Token is null)
                    pass.Split(text[part.Start..part.End], part.Start, next);
                else
                    next.Add(part);
            }
            parts = next;
        }
        return parts;
    }

    private sealed class Pass
    {
        private readonly SearchValues<char> _firstCharacters;
        private readonly Dictionary<char, AddedToken[]> _byFirstCharacter;

        public Pass(IEnumerable<AddedToken> tokens)
        {
            _byFirstCharacter = tokens.GroupBy(token => token.Content[0]).ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Content.Length).ToArray());
            _firstCharacters = SearchValues.Create([.. _byFirstCharacter.Keys]);
        }

        public void Split(ReadOnlySpan<char> text, int offset, List<TextPart> parts)
        {
            var done = 0;
            var at = 0;
            while (Find(text, at) is ({ } token, var found))
            {
                var (start, end) = (found, found + token.Content.Length);
                at = end;
                if (token.SingleWord && (EndsInWord(text[..start]) || StartsWithWord(text[end..])))
                    continue;
                // Another token may have swallowed this white space already.
                if (token.StripLeft)
                    start = Math.Max(text[..start].TrimEnd().Length, done);
                if (token.StripRight)
                    end = text.Length - text[end..].TrimStart().Length;
                if (start < done)
                    continue;
                if (done < start)
                    parts.Add(new TextPart(null, offset + done, offset + start));
                parts.Add(new TextPart(token, offset + start, offset + end));
                done = end;
            }
            if (done < text.Length)
                parts.Add(new TextPart(null, offset + done, offset + text.Length));
        }

        private (AddedToken? Token, int Start) Find(ReadOnlySpan<char> text, int from)
        {
            for (var at = from; at < text.Length; at++)
            {
                var step = text[at..].IndexOfAny(_firstCharacters);
                if (step < 0)
                    break;
                at += step;
                foreach (var token in _byFirstCharacter[text[at]])
                {
                    if (text[at..].StartsWith(token.Content, StringComparison.Ordinal))
                        return (token, at);
                }
            }
            return (null, 0);
        }

        private static bool EndsInWord(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

        private static bool StartsWithWord(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

        private static bool IsWord(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) is
            <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
    }
}
