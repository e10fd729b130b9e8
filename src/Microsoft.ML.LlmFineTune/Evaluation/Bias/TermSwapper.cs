using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Makes counterfactual texts: the same text about another group. All groups change places at once ("he thanked her" becomes "she thanked him"), letter case is kept ("HE", "He", "he"),
/// terms are found between word boundaries only ("he" is not in "the"), the longest term that fits wins, and a space in a term stands for any white space.
/// </summary>
/// <remarks>
/// An apostrophe or a hyphen ends a word, so "he's" becomes "she's". Texts are compared as they are written: composed and decomposed accents differ.
/// Immutable: may be shared by threads. Counterfactual data augmentation: Lu et al., "Gender Bias in Neural Natural Language Processing" (2018).
/// </remarks>
public sealed class TermSwapper
{
    private readonly record struct Place(int Row, int Group);

    private readonly TermTable _terms;
    private readonly int? _only;

    // By their first word: the longest terms first.
    private readonly Dictionary<string, List<(string[] Words, Place Place)>> _byFirstWord = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Prepares a word list.</summary>
    /// <param name="terms">The word list. A term that stands in it twice is replaced as its first place says ("her" is "his" or "him": the list decides); <see cref="AmbiguousTerms"/> names those.</param>
    /// <param name="fromGroup">Replaces terms of this group only; default null: of all groups, which is both directions.</param>
    /// <exception cref="ArgumentException">There is no such group.</exception>
    public TermSwapper(TermTable terms, string? fromGroup = null)
    {
        _terms = Require.NotNull(terms);
        if (fromGroup is not null)
        {
            _only = terms.Groups.ToList().IndexOf(fromGroup);
            Require.Argument(_only >= 0, $"The groups are {string.Join(", ", terms.Groups)}; received '{fromGroup}'.", nameof(fromGroup));
        }
        Dictionary<string, Place> places = new(StringComparer.OrdinalIgnoreCase);
        SortedSet<string> ambiguous = new(StringComparer.Ordinal);
        for (int row = 0; row < terms.Rows.Count; row++)
        {
            for (int group = 0; group < terms.Groups.Count; group++)
            {
                if (_only is int only && group != only) continue;
                string term = terms.Rows[row][group];
                string[] words = Words(term);
                Place place = new(row, group);
                if (places.TryAdd(string.Join(' ', words), place)) Register(words, place);
                else if (!SameTargets(places[string.Join(' ', words)], place)) ambiguous.Add(term);
            }
        }
        foreach (var list in _byFirstWord.Values) list.Sort((a, b) => b.Words.Sum(word => word.Length + 1).CompareTo(a.Words.Sum(word => word.Length + 1)));
        AmbiguousTerms = [.. ambiguous];
    }

    /// <summary>Terms for which the word list has several replacements; the first is taken.</summary>
    public IReadOnlyList<string> AmbiguousTerms { get; }

    /// <summary>How many variants a text has at most: one for each other group.</summary>
    public int VariantsPerText => _terms.Groups.Count - 1;

    /// <summary>The variants of a text: in the i-th, each group has become the i-th group after it. Empty when no term was found.</summary>
    public IReadOnlyList<SwappedText> Variants(string text) => [.. Enumerable.Range(1, VariantsPerText).Select(step => Swap(text, step)).Where(variant => variant.Changed)];

    /// <summary>A text in which each group has become another.</summary>
    /// <param name="text">The text.</param>
    /// <param name="step">How many groups further; from 1 to <see cref="VariantsPerText"/>. Default 1: with two groups, the other one.</param>
    public SwappedText Swap(string text, int step = 1)
    {
        Require.NotNull(text);
        Require.Within(step, 1, VariantsPerText);
        StringBuilder built = new(text.Length);
        List<TermSwap> swaps = [];
        int copied = 0, at = 0;
        while (at < text.Length)
        {
            int wordEnd = WordEnd(text, at);
            if (wordEnd == at)
            {
                at += Rune.TryGetRuneAt(text, at, out Rune rune) ? rune.Utf16SequenceLength : 1;
                continue;
            }
            if (Find(text, at, wordEnd) is (int end, Place place) && Replace(text, at, end, place, step) is TermSwap swap)
            {
                built.Append(text, copied, at - copied).Append(swap.Replacement);
                swaps.Add(swap);
                copied = end;
                at = end;
            }
            else
            {
                at = wordEnd;
            }
        }
        return swaps.Count == 0 ? new SwappedText(text, swaps) : new SwappedText(built.Append(text, copied, text.Length - copied).ToString(), swaps);
    }

    private static string[] Words(string term) => term.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static int WordEnd(string text, int at)
    {
        while (at < text.Length && Rune.TryGetRuneAt(text, at, out Rune rune) && WordCharacters.Contains(rune)) at += rune.Utf16SequenceLength;
        return at;
    }

    private void Register(string[] words, Place place)
    {
        string first = words[0][..WordEnd(words[0], 0)];
        if (!_byFirstWord.TryGetValue(first, out var list)) _byFirstWord.Add(first, list = []);
        list.Add((words, place));
    }

    private bool SameTargets(Place one, Place other) => one.Group == other.Group && _terms.Rows[one.Row].SequenceEqual(_terms.Rows[other.Row], StringComparer.OrdinalIgnoreCase);

    private (int End, Place Place)? Find(string text, int start, int wordEnd)
    {
        if (_byFirstWord.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text.AsSpan(start, wordEnd - start), out var candidates))
        {
            foreach ((string[] words, Place place) in candidates)
                if (Match(text, start, words) is int end) return (end, place);
        }
        return null;
    }

    private static int? Match(string text, int start, string[] words)
    {
        int at = start;
        for (int i = 0; i < words.Length; i++)
        {
            if (i > 0)
            {
                int gap = at;
                while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
                if (at == gap) return null;
            }
            if (!text.AsSpan(at).StartsWith(words[i], StringComparison.OrdinalIgnoreCase)) return null;
            at += words[i].Length;
        }
        return WordCharacters.IsBoundary(text, at) ? at : null;
    }

    private TermSwap? Replace(string text, int start, int end, Place place, int step)
    {
        int to = (place.Group + step) % _terms.Groups.Count;
        string found = text[start..end], listed = _terms.Rows[place.Row][place.Group], replacement = TermCase.Carry(found, listed, _terms.Rows[place.Row][to]);
        // A row may have the same term for several groups; that changes nothing and is no swap.
        return replacement == found ? null : new TermSwap(start, found, replacement, _terms.Groups[place.Group], _terms.Groups[to]);
    }
}
