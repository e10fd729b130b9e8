using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Porter's stemmer of English words (Porter, "An algorithm for suffix stripping", Program 14, 1980) in the forms that nltk has. Safe to share between threads.</summary>
public sealed class PorterStemmer
{
    private static readonly Dictionary<string, string> s_irregular = new()
    {
        ["sky"] = "sky", ["skies"] = "sky", ["dying"] = "die", ["lying"] = "lie", ["tying"] = "tie", ["news"] = "news", ["innings"] = "inning", ["inning"] = "inning", ["outings"] = "outing", ["outing"] = "outing",
        ["cannings"] = "canning", ["canning"] = "canning", ["howe"] = "howe", ["proceed"] = "proceed", ["exceed"] = "exceed", ["succeed"] = "succeed",
    };

    private static readonly (string Suffix, string By)[] s_plurals = [("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")];

    private static readonly (string Suffix, string By)[] s_doubleSuffixes =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"),
        ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ];

    private static readonly (string Suffix, string By)[] s_adjectives = [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] s_endings = ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"];

    /// <summary>Creates a stemmer.</summary>
    /// <param name="variant">Which form; default nltk's.</param>
    public PorterStemmer(PorterVariant variant = PorterVariant.NltkExtensions)
    {
        Require.Argument(Enum.IsDefined(variant), $"The variant must be one of {string.Join(", ", Enum.GetNames<PorterVariant>())}; received {variant}.", nameof(variant));
        Variant = variant;
    }

    /// <summary>Which form of the algorithm.</summary>
    public PorterVariant Variant { get; }

    private bool IsNltk => Variant == PorterVariant.NltkExtensions;

    /// <summary>The stem of a word, lower-cased.</summary>
    /// <param name="word">One word.</param>
    public string Stem(string word)
    {
        if (IsNltk && s_irregular.TryGetValue(Require.NotNull(word), out string? stem)) return stem;
        CodePoints text = new(), lowered = new();
        text.Set(Require.NotNull(word));
        PythonText.AppendLower(text.Span, lowered);
        if (Variant != PorterVariant.OriginalAlgorithm && text.Length <= 2) return lowered.ToString();
        Strip(lowered);
        return lowered.ToString();
    }

    /// <summary>Replaces a lower-case word by its stem.</summary>
    internal void Stem(CodePoints word)
    {
        if (IsNltk && word.Length <= 8)
        {
            foreach ((string irregular, string stem) in s_irregular)
            {
                if (irregular.Length != word.Length || !EndsWith(word, irregular)) continue;
                Replace(word, word.Length, stem);
                return;
            }
        }
        if (Variant == PorterVariant.OriginalAlgorithm || word.Length > 2) Strip(word);
    }

    private void Strip(CodePoints word)
    {
        StripPlural(word);
        StripPast(word);
        // y after a consonant becomes i: in nltk unless the consonant is the whole stem, in Porter's where the stem has a vowel.
        if (EndsWith(word, "y") && (IsNltk ? word.Length > 2 && IsConsonant(word.Span, word.Length - 2) : HasVowel(word.Span[..^1]))) Replace(word, 1, "i");
        StripDoubleSuffix(word);
        Apply(word, s_adjectives);
        StripEnding(word);
        if (EndsWith(word, "e"))
        {
            ReadOnlySpan<int> stem = word.Span[..^1];
            int measure = Measure(stem);
            if (measure > 1 || (measure == 1 && !EndsConsonantVowelConsonant(stem))) Replace(word, 1, "");
        }
        if (EndsWith(word, "ll") && Measure(word.Span[..^1]) > 1) Replace(word, 1, "");
    }

    private void StripPlural(CodePoints word)
    {
        if (IsNltk && word.Length == 4 && EndsWith(word, "ies"))
        {
            Replace(word, 1, "");
            return;
        }
        foreach ((string suffix, string by) in s_plurals)
        {
            if (!EndsWith(word, suffix)) continue;
            Replace(word, suffix.Length, by);
            return;
        }
    }

    private void StripPast(CodePoints word)
    {
        if (IsNltk && EndsWith(word, "ied"))
        {
            Replace(word, 3, word.Length == 4 ? "ie" : "i");
            return;
        }
        if (EndsWith(word, "eed"))
        {
            if (Measure(word.Span[..^3]) > 0) Replace(word, 1, "");
            return;
        }
        int suffix = EndsWith(word, "ed") && HasVowel(word.Span[..^2]) ? 2 : EndsWith(word, "ing") && HasVowel(word.Span[..^3]) ? 3 : 0;
        if (suffix == 0) return;
        Replace(word, suffix, "");
        if (EndsWith(word, "at") || EndsWith(word, "bl") || EndsWith(word, "iz"))
        {
            word.Append('e');
        }
        else if (word.Length >= 2 && word.Span[^1] == word.Span[^2] && IsConsonant(word.Span, word.Length - 1))
        {
            if (word.Span[^1] is not ('l' or 's' or 'z')) Replace(word, 1, "");
        }
        else if (Measure(word.Span) == 1 && EndsConsonantVowelConsonant(word.Span))
        {
            word.Append('e');
        }
    }

    private void StripDoubleSuffix(CodePoints word)
    {
        if (IsNltk && EndsWith(word, "alli") && Measure(word.Span[..^4]) > 0) Replace(word, 2, "");
        // Porter wrote -abli; what stands before the suffix is then shorter by the a. No other suffix ends with -bli.
        string able = Variant == PorterVariant.OriginalAlgorithm ? "abli" : "bli";
        if (EndsWith(word, able))
        {
            if (Measure(word.Span[..^able.Length]) > 0) Replace(word, 1, "e");
            return;
        }
        if (Apply(word, s_doubleSuffixes)) return;
        if (IsNltk && EndsWith(word, "fulli") && Measure(word.Span[..^5]) > 0) Replace(word, 2, "");
        else if (IsNltk && EndsWith(word, "logi") && Measure(word.Span[..^3]) > 0) Replace(word, 1, "");
        else if (Variant == PorterVariant.MartinExtensions && EndsWith(word, "logi") && Measure(word.Span[..^4]) > 0) Replace(word, 1, "");
    }

    private static void StripEnding(CodePoints word)
    {
        foreach (string suffix in s_endings)
        {
            if (!EndsWith(word, suffix)) continue;
            ReadOnlySpan<int> stem = word.Span[..^suffix.Length];
            if (Measure(stem) > 1 && (suffix != "ion" || stem[^1] is 's' or 't')) Replace(word, suffix.Length, "");
            return;
        }
    }

    /// <summary>The first suffix that the word has is replaced where what stands before it has a vowel and a consonant.</summary>
    /// <returns>Whether the word has one of the suffixes.</returns>
    private static bool Apply(CodePoints word, (string Suffix, string By)[] rules)
    {
        foreach ((string suffix, string by) in rules)
        {
            if (!EndsWith(word, suffix)) continue;
            if (Measure(word.Span[..^suffix.Length]) > 0) Replace(word, suffix.Length, by);
            return true;
        }
        return false;
    }

    private static bool EndsWith(CodePoints word, string suffix)
    {
        ReadOnlySpan<int> text = word.Span;
        if (text.Length < suffix.Length) return false;
        for (int i = 1; i <= suffix.Length; i++)
        {
            if (text[^i] != suffix[^i]) return false;
        }
        return true;
    }

    private static void Replace(CodePoints word, int suffix, string by)
    {
        word.Truncate(word.Length - suffix);
        foreach (char c in by) word.Append(c);
    }

    /// <summary>How often a vowel is followed by a consonant.</summary>
    private static int Measure(ReadOnlySpan<int> stem)
    {
        int measure = 0;
        bool consonant = true;
        for (int i = 0; i < stem.Length; i++)
        {
            bool next = stem[i] == 'y' ? i == 0 || !consonant : !IsVowel(stem[i]);
            if (i > 0 && next && !consonant) measure++;
            consonant = next;
        }
        return measure;
    }

    private static bool HasVowel(ReadOnlySpan<int> stem)
    {
        for (int i = 0; i < stem.Length; i++)
        {
            if (!IsConsonant(stem, i)) return true;
        }
        return false;
    }

    private bool EndsConsonantVowelConsonant(ReadOnlySpan<int> word) =>
        (word.Length >= 3 && IsConsonant(word, word.Length - 3) && !IsConsonant(word, word.Length - 2) && IsConsonant(word, word.Length - 1) && word[^1] is not ('w' or 'x' or 'y'))
        || (IsNltk && word.Length == 2 && !IsConsonant(word, 0) && IsConsonant(word, 1));

    /// <summary>A y is a consonant at the beginning and after a vowel.</summary>
    private static bool IsConsonant(ReadOnlySpan<int> word, int at)
    {
        if (word[at] != 'y') return !IsVowel(word[at]);
        int first = at;
        while (first > 0 && word[first - 1] == 'y') first--;
        bool firstIsConsonant = first == 0 || IsVowel(word[first - 1]);
        return firstIsConsonant == ((at - first) % 2 == 0);
    }

    private static bool IsVowel(int c) => c is 'a' or 'e' or 'i' or 'o' or 'u';
}
