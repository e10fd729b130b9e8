using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Regexes;

/// <summary>Walks a text as the reference does.</summary>
internal static class Matches
{
    /// <summary>Matches and what lies between them, without empty ones: an empty match behind another match doesn't count.</summary>
    public static List<string> Isolated(CodePointRegex regex, string text)
    {
        var pieces = new List<string>();
        var matcher = regex.Over(text);
        var (given, at, last) = (0, 0, -1);
        while (at <= text.Length && matcher.TryMatch(at, out var index, out var length))
        {
            if (length == 0 && index == last)
            {
                if (at < text.Length)
                    CodePoints.At(text, at, out length);
                at += Math.Max(length, 1);
                continue;
            }
            at = last = index + length;
            if (index > given)
                pieces.Add(text[given..index]);
            if (length > 0)
                pieces.Add(text[index..at]);
            given = at;
        }
        if (given < text.Length)
            pieces.Add(text[given..]);
        return pieces;
    }
}
