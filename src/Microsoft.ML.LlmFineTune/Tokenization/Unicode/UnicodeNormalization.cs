using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// The normalization forms of Unicode Standard Annex 15 with the alignment of the tokenizers library (its crate unicode-normalization-alignments, whose tables are of Unicode 9.0):
/// the first character of a decomposition replaces the source's, the others are inserted; a composed character swallows those it is made of.
/// Lone surrogates stay as they are.
/// </summary>
internal static class UnicodeNormalization
{
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;
    private const int LeadFirst = 0x1100;
    private const int LeadCount = 19;
    private const int VowelFirst = 0x1161;
    private const int VowelCount = 21;
    private const int TrailFirst = 0x11A7;
    private const int TrailCount = 28;

    /// <summary>Below these nothing changes in the form.</summary>
    private static readonly int[] FirstUnsafe = [0x300, 0xC0, 0xA0, 0xA0];

    private static readonly CharacterFlags[] Unsafe = [CharacterFlags.UnsafeInNfc, CharacterFlags.UnsafeInNfd, CharacterFlags.UnsafeInNfkc, CharacterFlags.UnsafeInNfkd];

    /// <summary>Whether a text is in the form; quick: may say false for one that is, never true for one that isn't.</summary>
    public static bool IsNormalized(ReadOnlySpan<char> text, UnicodeForm form) => NormalizedLength(text, form) == text.Length;

    /// <summary>Normalizes a text, one entry a character of the result.</summary>
    public static void Normalize(ReadOnlySpan<char> text, UnicodeForm form, List<CharacterChange> into)
    {
        var start = into.Count;
        var compatibly = form is UnicodeForm.Nfkc or UnicodeForm.Nfkd;
        into.EnsureCapacity(start + text.Length);
        var pending = start;
        for (var at = 0; at < text.Length;)
        {
            var codePoint = CodePoints.At(text, at, out var length);
            at += length;
            if (codePoint < 0xA0)
            {
                pending = Append(codePoint, 0, into, pending);
                continue;
            }
            if ((uint)(codePoint - HangulFirst) < HangulCount)
            {
                var syllable = codePoint - HangulFirst;
                pending = Append(LeadFirst + (syllable / (VowelCount * TrailCount)), 0, into, pending);
                pending = Append(VowelFirst + (syllable / TrailCount % VowelCount), 1, into, pending);
                if (syllable % TrailCount > 0)
                    pending = Append(TrailFirst + (syllable % TrailCount), 1, into, pending);
                continue;
            }
            var parts = compatibly ? UnicodeData.CompatibilityDecompositions[codePoint] : default;
            if (parts.IsEmpty)
                parts = UnicodeData.CanonicalDecompositions[codePoint];
            if (parts.IsEmpty)
            {
                pending = Append(codePoint, 0, into, pending);
                continue;
            }
            for (var i = 0; i < parts.Length; i++)
                pending = Append(parts[i], i == 0 ? 0 : 1, into, pending);
        }
        Reorder(CollectionsMarshal.AsSpan(into)[pending..]);
        if (form is UnicodeForm.Nfc or UnicodeForm.Nfkc)
            CollectionsMarshal.SetCount(into, start + Compose(CollectionsMarshal.AsSpan(into)[start..]));
    }

    /// <summary>The normalized text; the same string where nothing changes.</summary>
    public static string Normalize(string text, UnicodeForm form)
    {
        if (IsNormalized(text, form))
            return text;
        var changes = new List<CharacterChange>(text.Length);
        Normalize(text, form, changes);
        var result = new StringBuilder(changes.Count);
        Span<char> units = stackalloc char[2];
        foreach (var change in changes)
            result.Append(units[..CodePoints.Write(change.CodePoint, units)]);
        return result.ToString();
    }

    // The part that surely is in the form.
    private static int NormalizedLength(ReadOnlySpan<char> text, UnicodeForm form)
    {
        var (safe, flag) = ((char)(FirstUnsafe[(int)form] - 1), Unsafe[(int)form]);
        var lastClass = 0;
        for (var at = 0; at < text.Length;)
        {
            if (text[at] <= safe)
            {
                var skipped = text[at..].IndexOfAnyExceptInRange('\0', safe);
                if (skipped < 0)
                    return text.Length;
                at += skipped;
                lastClass = 0;
            }
            var codePoint = CodePoints.At(text, at, out var length);
            if ((UnicodeData.Flags(codePoint) & flag) != 0)
                return at;
            var combiningClass = UnicodeData.CombiningClass(codePoint);
            if (combiningClass != 0 && combiningClass < lastClass)
                return at;
            lastClass = combiningClass;
            at += length;
        }
        return text.Length;
    }

    // Gives the place of the first character that may still move.
    private static int Append(int codePoint, int change, List<CharacterChange> into, int pending)
    {
        into.Add(new CharacterChange(codePoint, change));
        if (codePoint >= 0x300 && UnicodeData.CombiningClass(codePoint) != 0)
            return pending;
        var last = into.Count - 1;
        if (last - pending > 1)
            Reorder(CollectionsMarshal.AsSpan(into)[pending..last]);
        return last;
    }

    /// <summary>Sorts by combining class; equal ones keep their order.</summary>
    private static void Reorder(Span<CharacterChange> characters)
    {
        if (characters.Length < 2)
            return;
        const int Few = 32;
        if (characters.Length <= Few)
        {
            for (var i = 1; i < characters.Length; i++)
            {
                var moved = characters[i];
                var combiningClass = UnicodeData.CombiningClass(moved.CodePoint);
                var to = i;
                for (; to > 0 && UnicodeData.CombiningClass(characters[to - 1].CodePoint) > combiningClass; to--)
                    characters[to] = characters[to - 1];
                characters[to] = moved;
            }
            return;
        }
        // A text of marks alone must not take quadratic time.
        var keys = ArrayPool<long>.Shared.Rent(characters.Length);
        for (var i = 0; i < characters.Length; i++)
            keys[i] = ((long)UnicodeData.CombiningClass(characters[i].CodePoint) << 32) | (uint)i;
        keys.AsSpan(0, characters.Length).Sort(characters);
        ArrayPool<long>.Shared.Return(keys);
    }

    /// <summary>Composes in place and gives the new length.</summary>
    private static int Compose(Span<CharacterChange> characters)
    {
        var (length, starter, lastClass) = (0, -1, 0);
        foreach (var character in characters)
        {
            var combiningClass = character.CodePoint < 0x300 ? 0 : UnicodeData.CombiningClass(character.CodePoint);
            // Nothing stands between, or only marks of lower classes.
            if (starter >= 0 && (lastClass == 0 || lastClass < combiningClass) && Composed(characters[starter].CodePoint, character.CodePoint) is >= 0 and var product)
            {
                characters[starter] = new CharacterChange(product, characters[starter].Change + character.Change - 1);
                continue;
            }
            if (combiningClass == 0)
                starter = length;
            lastClass = combiningClass;
            characters[length++] = character;
        }
        return length;
    }

    private static int Composed(int first, int second)
    {
        if (second < 0x300 || (UnicodeData.Flags(second) & CharacterFlags.Joins) == 0)
            return -1;
        if ((uint)(first - LeadFirst) < LeadCount && (uint)(second - VowelFirst) < VowelCount)
            return HangulFirst + ((((first - LeadFirst) * VowelCount) + second - VowelFirst) * TrailCount);
        if ((uint)(first - HangulFirst) < HangulCount && (first - HangulFirst) % TrailCount == 0 && (uint)(second - TrailFirst - 1) < TrailCount - 1)
            return first + second - TrailFirst;
        var pairs = UnicodeData.Compositions[first];
        for (var i = 0; i < pairs.Length; i += 2)
        {
            if (pairs[i] == second)
                return pairs[i + 1];
        }
        return -1;
    }
}
