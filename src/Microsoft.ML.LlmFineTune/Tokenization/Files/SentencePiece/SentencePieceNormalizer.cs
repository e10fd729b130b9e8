using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>SentencePiece's normalization: rules of replacement by longest prefix, white space, and the mark for it.</summary>
internal sealed class SentencePieceNormalizer(SentencePieceNormalizerSpec spec, bool whitespaceIsSuffix, ByteTrie? kept, string name)
{
    private readonly PrecompiledCharsMap? _map = spec.CharsMap.IsEmpty ? null : new PrecompiledCharsMap(spec.CharsMap.Span, $"{name}: precompiled_charsmap");

    /// <summary>Normalizes a text.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="origins">For each byte of the result, and for its end, the byte of <paramref name="text"/> that it comes from; empty where the result is.</param>
    public byte[] Normalize(ReadOnlySpan<byte> text, out int[] origins)
    {
        var (output, from) = (new List<byte>(text.Length + 16), new List<int>(text.Length + 16));
        var consumed = 0;
        if (spec.RemoveExtraWhitespaces)
        {
            while (consumed < text.Length && Prefix(text[consumed..], out var length).SequenceEqual(" "u8))
                consumed += length;
        }
        if (consumed == text.Length)
        {
            origins = [];
            return [];
        }
        if (spec.AddDummyPrefix && !whitespaceIsSuffix)
            AddSpace(output, from, consumed);
        var afterSpace = spec.RemoveExtraWhitespaces;
        while (consumed < text.Length)
        {
            var part = Prefix(text[consumed..], out var length);
            while (afterSpace && part.StartsWith(" "u8))
                part = part[1..];
            foreach (var value in part)
            {
                if (value == ' ')
                    AddSpace(output, from, consumed);
                else
                    Add(output, from, value, consumed);
            }
            if (!part.IsEmpty)
                afterSpace = part[^1] == ' ';
            consumed += length;
            if (!spec.RemoveExtraWhitespaces)
                afterSpace = false;
        }
        if (spec.RemoveExtraWhitespaces)
        {
            var space = spec.EscapeWhitespaces ? SentencePieceText.Space : " "u8;
            while (CollectionsMarshal.AsSpan(output).EndsWith(space))
            {
                var length = output.Count - space.Length;
                consumed = from[length];
                output.RemoveRange(length, space.Length);
                from.RemoveRange(length, space.Length);
            }
        }
        if (spec.AddDummyPrefix && whitespaceIsSuffix)
            AddSpace(output, from, consumed);
        from.Add(consumed);
        origins = [.. from];
        return [.. output];
    }

    private ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> text, out int length)
    {
        // User-defined symbols are not normalized.
        if (kept is not null && kept.LongestPrefix(text) is > 0 and var symbol)
        {
            length = symbol;
            return text[..length];
        }
        if (_map is not null && _map.TryLongestPrefix(text, out length, out var replacement))
            return replacement;
        // Only a rule that ends inside a character leaves bytes that are no character.
        var valid = Rune.DecodeFromUtf8(text, out _, out length) == System.Buffers.OperationStatus.Done;
        length = valid ? length : 1;
        return valid ? text[..length] : "\uFFFD"u8;
    }

    private void AddSpace(List<byte> output, List<int> from, int origin)
    {
        foreach (var value in spec.EscapeWhitespaces ? SentencePieceText.Space : " "u8)
            Add(output, from, value, origin);
    }

    private static void Add(List<byte> output, List<int> from, byte value, int origin)
    {
        output.Add(value);
        from.Add(origin);
    }
}
