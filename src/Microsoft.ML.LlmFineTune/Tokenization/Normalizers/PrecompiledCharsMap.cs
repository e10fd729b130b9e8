using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// SentencePiece's rules of normalization: a double array (Darts-clone's layout) from UTF-8 prefixes to texts that replace them. The bytes are the length of the array (little-endian), the array,
/// and the replacements, each ended by a zero byte. The whole array is checked when it is read, so looking up never leaves it.
/// </summary>
internal sealed class PrecompiledCharsMap
{
    private const uint LeafMark = 1u << 31;

    // A cluster of so many bytes is looked up whole by Hugging Face's library.
    private const int LongestWholeCluster = 5;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <param name="bytes">The map, as it stands in a model's file.</param>
    /// <param name="name">What it is called in errors.</param>
    /// <exception cref="InvalidDataException">The map is damaged; the message names what is wrong and where.</exception>
    public PrecompiledCharsMap(ReadOnlySpan<byte> bytes, string name = "precompiled_charsmap")
    {
        if (bytes.Length < 4)
            throw new InvalidDataException($"{name} must begin with four bytes of length; it has {bytes.Length} bytes.");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length % 4 != 0 || length == 0 || length > bytes.Length - 4)
            throw new InvalidDataException($"{name}: the length of its array must be a multiple of 4 from 4 to {bytes.Length - 4}; it is {length}.");
        _units = new uint[length / 4];
        for (var i = 0; i < _units.Length; i++)
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + (i * 4))..]);
        _replacements = bytes[(4 + (int)length)..].ToArray();
        Validate(name);
    }

    /// <summary>The longest prefix of a text that a rule replaces.</summary>
    public bool TryLongestPrefix(ReadOnlySpan<byte> utf8, out int length, out ReadOnlySpan<byte> replacement)
    {
        (length, var at) = (0, -1);
        var node = Offset(_units[0]);
        for (var i = 0; i < utf8.Length && Step(ref node, utf8[i], out var value); i++)
        {
            if (value >= 0)
                (length, at) = (i + 1, value);
        }
        replacement = at < 0 ? default : Replacement(at);
        return at >= 0;
    }

    /// <summary>
    /// Normalizes as the normalizer Precompiled of Hugging Face's tokenizers does: an extended grapheme cluster of up to five bytes is replaced whole where a rule fits its shortest prefix; otherwise
    /// each character alone is tried in the same way. (SentencePiece itself replaces longest prefixes.)
    /// </summary>
    /// <param name="text">The text; an unpaired surrogate counts as U+FFFD.</param>
    /// <param name="into">Gets the characters of the normalized text, after what it holds.</param>
    /// <returns>Whether any rule fitted.</returns>
    public bool Normalize(ReadOnlySpan<char> text, List<CharacterChange> into)
    {
        var start = into.Count;
        var changed = false;
        Span<byte> utf8 = stackalloc byte[LongestWholeCluster];
        while (text.Length > 0)
        {
            // A letter or digit before a character below U+0300 is a cluster of its own.
            var length = text.Length == 1 || (char.IsAsciiLetterOrDigit(text[0]) && text[1] < '\u0300') ? 1 : StringInfo.GetNextTextElementLength(text);
            var cluster = text[..length];
            text = text[length..];
            if (length <= LongestWholeCluster && Utf8.FromUtf16(cluster, utf8, out _, out var written) == System.Buffers.OperationStatus.Done && TryShortestPrefix(utf8[..written], out var whole))
            {
                var characters = 0;
                foreach (var _ in cluster.EnumerateRunes())
                    characters++;
                Replace(into, start, characters, whole);
                changed = true;
                continue;
            }
            foreach (var rune in cluster.EnumerateRunes())
            {
                if (TryShortestPrefix(utf8[..rune.EncodeToUtf8(utf8)], out var single))
                {
                    Replace(into, start, 1, single);
                    changed = true;
                }
                else
                {
                    into.Add(new CharacterChange(rune.Value, 0));
                }
            }
        }
        return changed;
    }

    // What is added counts as inserted; what is removed is swallowed by the last character before, if there is one.
    private static void Replace(List<CharacterChange> into, int start, int removed, ReadOnlySpan<byte> replacement)
    {
        var first = into.Count;
        while (replacement.Length > 0)
        {
            Rune.DecodeFromUtf8(replacement, out var rune, out var consumed);
            into.Add(new CharacterChange(rune.Value, into.Count - first < removed ? 0 : 1));
            replacement = replacement[consumed..];
        }
        var surplus = removed - (into.Count - first);
        if (surplus > 0 && into.Count > start)
            into[^1] = into[^1] with { Change = into[^1].Change - surplus };
    }

    private bool TryShortestPrefix(ReadOnlySpan<byte> utf8, out ReadOnlySpan<byte> replacement)
    {
        var node = Offset(_units[0]);
        for (var i = 0; i < utf8.Length && Step(ref node, utf8[i], out var value); i++)
        {
            if (value < 0)
                continue;
            replacement = Replacement(value);
            return true;
        }
        replacement = default;
        return false;
    }

    /// <summary>Goes from a node over a byte; false where there is no such way. <paramref name="value"/> is -1 where no rule ends.</summary>
    private bool Step(ref uint node, byte label, out int value)
    {
        value = -1;
        node ^= label;
        // Zero ends a rule and is no label.
        if (label == 0 || node >= (uint)_units.Length)
            return false;
        var unit = _units[node];
        if ((unit & (LeafMark | 0xFF)) != label)
            return false;
        node ^= Offset(unit);
        if (HasLeaf(unit))
            value = (int)(_units[node] & ~LeafMark);
        return true;
    }

    private ReadOnlySpan<byte> Replacement(int at) => _replacements.AsSpan(at, _replacements.AsSpan(at).IndexOf((byte)0));

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & (1u << 9)) >> 6);

    private static bool HasLeaf(uint unit) => (unit >> 8 & 1) == 1;

    private void Validate(string name)
    {
        if (!Utf8.IsValid(_replacements))
            throw new InvalidDataException($"{name}: the replacements are not valid UTF-8.");
        var end = _replacements.AsSpan().LastIndexOf((byte)0);
        for (var i = 0; i < _units.Length; i++)
        {
            if ((_units[i] & LeafMark) != 0 || !HasLeaf(_units[i]))
                continue;
            var leaf = (uint)i ^ Offset(_units[i]);
            if (leaf >= (uint)_units.Length)
                throw new InvalidDataException($"{name}: unit {i} has its leaf at {leaf}; there are {_units.Length} units.");
            var at = _units[leaf] & ~LeafMark;
            if (at > end || (_replacements[at] & 0xC0) == 0x80)
                throw new InvalidDataException($"{name}: the rule of unit {i} points to byte {at}, where no replacement begins.");
        }
    }
}
