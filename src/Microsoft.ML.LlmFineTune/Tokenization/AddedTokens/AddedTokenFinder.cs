using System.Buffers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost first, of several there the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly SearchValues<char> _firstCharacters;
    private readonly Dictionary<char, (string Text, AddedToken Token)[]> _byFirstCharacter;

    /// <summary>Looks for tokens by the texts given; those that are empty are never found.</summary>
    public AddedTokenFinder(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        _byFirstCharacter = tokens.Where(token => token.Text.Length > 0).GroupBy(token => token.Text[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Text.Length).ToArray());
        _firstCharacters = SearchValues.Create([.. _byFirstCharacter.Keys]);
    }

    public bool FindsNothing => _byFirstCharacter.Count == 0;

    /// <summary>Appends the tokens and the parts between them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="offset">What is added to every place.</param>
    /// <param name="parts">Takes them, in order.</param>
    public void Split(ReadOnlySpan<char> text, int offset, List<TextPiece> parts)
    {
        var done = 0;
        var at = 0;
        while (Find(text, at, out var found) is { } token)
        {
            var (start, end) = (found.Start, found.End);
            at = end;
            if (token.SingleWord && (EndsInWord(text[..start]) || BeginsWithWord(text[end..])))
                continue;
            // White space that the token before has swallowed is not swallowed twice; a token that begins in it is found all the same.
            if (token.StripLeft)
            {
                while (start > done && UnicodeProperties.IsWhiteSpace(text[start - 1]))
                    start--;
                start = Math.Max(start, done);
            }
            if (token.StripRight)
            {
                while (end < text.Length && UnicodeProperties.IsWhiteSpace(text[end]))
                    end++;
            }
            if (start >= end)
                continue;
            if (done < start)
                parts.Add(new TextPiece(offset + done, offset + start));
            parts.Add(new TextPiece(offset + start, offset + end, token));
            done = end;
        }
        if (done < text.Length)
            parts.Add(new TextPiece(offset + done, offset + text.Length));
    }

    private AddedToken? Find(ReadOnlySpan<char> text, int from, out (int Start, int End) found)
    {
        for (var at = from; at < text.Length; at++)
        {
            var step = text[at..].IndexOfAny(_firstCharacters);
            if (step < 0)
                break;
            at += step;
            foreach (var (content, token) in _byFirstCharacter[text[at]])
            {
                if (text[at..].StartsWith(content, StringComparison.Ordinal))
                {
                    found = (at, at + content.Length);
                    return token;
                }
            }
        }
        found = default;
        return null;
    }

    private static bool EndsInWord(ReadOnlySpan<char> text) =>
        text.Length > 0 && WordCharacters.Contains(text.Length > 1 && char.IsSurrogatePair(text[^2], text[^1]) ? char.ConvertToUtf32(text[^2], text[^1]) : text[^1]);

    private static bool BeginsWithWord(ReadOnlySpan<char> text) =>
        text.Length > 0 && WordCharacters.Contains(text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? char.ConvertToUtf32(text[0], text[1]) : text[0]);
}
