using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How SQuAD's evaluation compares answers.</summary>
public static class SquadText
{
    private static readonly string[] s_articles = ["a", "an", "the"];

    /// <summary>Lower case (Unicode's full mapping), without ASCII punctuation and without the words a, an, the; single spaces.</summary>
    public static string Normalize(string answer)
    {
        CodePoints text = new(), lowered = new(), result = new();
        text.Set(Require.NotNull(answer));
        PythonText.AppendLower(text.Span, lowered);
        text.Clear();
        foreach (int c in lowered.Span)
        {
            if (!PythonText.IsAsciiPunctuation(c)) text.Append(c);
        }
        // A word ends where a letter, digit or underscore does, so an article may be cut off from a combining mark.
        ReadOnlySpan<int> rest = text.Span;
        while (rest.Length > 0)
        {
            int length = 0;
            while (length < rest.Length && PythonText.IsWordCharacter(rest[length])) length++;
            if (length == 0) result.Append(rest[length++]);
            else if (IsArticle(rest[..length])) result.Append(' ');
            else result.Append(rest[..length]);
            rest = rest[length..];
        }
        return string.Join(' ', PythonText.Split(result.ToString()));
    }

    /// <summary>Whether two answers are equal once normalized: 1 or 0.</summary>
    public static int ExactMatch(string prediction, string answer) => Normalize(prediction) == Normalize(answer) ? 1 : 0;

    /// <summary>F1 of the words that two answers share, from 0 to 1.</summary>
    /// <param name="prediction">The prediction.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="version">They differ where one side has no words: 2.0 gives 1 when both have none, 1.1 gives 0.</param>
    public static double F1(string prediction, string answer, SquadVersion version = SquadVersion.V2) => F1Normalized(Normalize(prediction), Normalize(answer), version);

    internal static double F1Normalized(string prediction, string answer, SquadVersion version)
    {
        string[] predicted = PythonText.Split(prediction), wanted = PythonText.Split(answer);
        if (version == SquadVersion.V2 && (predicted.Length == 0 || wanted.Length == 0)) return predicted.Length == wanted.Length ? 1 : 0;
        Dictionary<string, int> left = [];
        foreach (string word in wanted) left[word] = left.GetValueOrDefault(word) + 1;
        int common = 0;
        foreach (string word in predicted)
        {
            if (!left.TryGetValue(word, out int count) || count == 0) continue;
            left[word] = count - 1;
            common++;
        }
        if (common == 0) return 0;
        double precision = (double)common / predicted.Length, recall = (double)common / wanted.Length;
        return 2 * precision * recall / (precision + recall);
    }

    private static bool IsArticle(ReadOnlySpan<int> word)
    {
        foreach (string article in s_articles)
        {
            if (article.Length != word.Length) continue;
            int at = 0;
            while (at < word.Length && word[at] == article[at]) at++;
            if (at == word.Length) return true;
        }
        return false;
    }
}
