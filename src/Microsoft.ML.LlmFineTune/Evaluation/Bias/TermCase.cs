using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Writes a replacement as the replaced words were written.</summary>
internal static class TermCase
{
    /// <param name="found">The words in the text.</param>
    /// <param name="listed">The term that they are, as the word list has it.</param>
    /// <param name="replacement">What takes its place, as the word list has it.</param>
    internal static string Carry(string found, string listed, string replacement)
    {
        // Names and abbreviations ("Mary", "US") have capitals of their own: only what the text changed is carried over.
        if (found == listed) return replacement;
        List<Rune> cased = [.. found.EnumerateRunes().Where(rune => Rune.ToUpperInvariant(rune) != Rune.ToLowerInvariant(rune))];
        if (cased.Count > 1 && cased.All(Rune.IsUpper)) return replacement.ToUpperInvariant();
        if (cased.Count == 0 || !Rune.IsUpper(cased[0])) return cased.All(Rune.IsLower) ? replacement.ToLowerInvariant() : replacement;
        bool eachWord = Words(found).Skip(1).Any() && Words(found).All(StartsUpper);
        return Capitalize(replacement, eachWord);
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static bool StartsUpper(string word) => Rune.GetRuneAt(word, 0) is var first && Rune.IsUpper(first);

    private static string Capitalize(string text, bool eachWord)
    {
        StringBuilder built = new(text.Length);
        bool atStart = true;
        foreach (Rune rune in text.EnumerateRunes())
        {
            built.Append((atStart ? Rune.ToUpperInvariant(rune) : rune).ToString());
            atStart = eachWord && Rune.IsWhiteSpace(rune);
        }
        return built.ToString();
    }
}
