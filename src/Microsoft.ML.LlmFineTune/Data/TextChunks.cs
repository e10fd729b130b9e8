using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>Cuts long texts into pieces.</summary>
public static class TextChunks
{
    /// <summary>
    /// Cuts a text into pieces of at most <paramref name="maximumLength"/> UTF-16 units, each as long as it can be: after a paragraph if that leaves it at least half full, else after a line, else after a sentence, else after white space, else between two characters.
    /// Joined, the pieces are the text.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="maximumLength">At least 2, so that every character has room.</param>
    public static IEnumerable<string> Split(string text, int maximumLength)
    {
        Require.NotNull(text);
        Require.AtLeast(maximumLength, 2);
        return Pieces(text, maximumLength);
    }

    private static IEnumerable<string> Pieces(string text, int maximumLength)
    {
        var start = 0;
        while (text.Length - start > maximumLength)
        {
            var length = Cut(text.AsSpan(start, maximumLength + 1));
            yield return text.Substring(start, length);
            start += length;
        }
        if (start < text.Length)
            yield return text[start..];
    }

    // The window is one longer than a piece may be, so that what follows a cut is in sight.
    private static int Cut(ReadOnlySpan<char> window)
    {
        var most = window.Length - 1;
        foreach (var isBorder in (ReadOnlySpan<Border>)[AfterParagraph, AfterLine, AfterSentence, AfterWhiteSpace])
        {
            for (var length = most; length >= Math.Max(most / 2, 1); length--)
            {
                if (isBorder(window, length))
                    return length;
            }
        }
        return char.IsSurrogatePair(window[most - 1], window[most]) ? most - 1 : most;
    }

    private delegate bool Border(ReadOnlySpan<char> text, int length);

    private static bool AfterParagraph(ReadOnlySpan<char> text, int length) => length > 1 && text[length - 1] == '\n' && text[length - 2] == '\n' && text[length] != '\n';

    private static bool AfterLine(ReadOnlySpan<char> text, int length) => text[length - 1] == '\n' && text[length] != '\n';

    private static bool AfterSentence(ReadOnlySpan<char> text, int length) => length > 1 && text[length - 1] == ' ' && text[length - 2] is '.' or '!' or '?';

    private static bool AfterWhiteSpace(ReadOnlySpan<char> text, int length) => char.IsWhiteSpace(text[length - 1]) && !char.IsWhiteSpace(text[length]);
}
