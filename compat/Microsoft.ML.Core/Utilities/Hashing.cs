using System.Numerics;

namespace Microsoft.ML.Internal.Utilities;

/// <summary>The 32-bit MurmurHash3 and its parts.</summary>
internal static class Hashing
{
    public static uint MurmurRound(uint hash, uint chunk)
        => BitOperations.RotateLeft(hash ^ Scramble(chunk), 13) * 5 + 0xE6546B64;

    private static uint Scramble(uint chunk) => BitOperations.RotateLeft(chunk * 0xCC9E2D51, 15) * 0x1B873593;

    public static uint MixHash(uint hash)
    {
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }

    public static uint MixHash(uint hash, int len) => MixHash(hash ^ (uint)len);

    /// <summary>
    /// The hash of the text's UTF-16 units, each encoded as if alone in UTF-8 (a surrogate gives three bytes). The bytes of a longer unit are put into order together with
    /// what is waiting before them, which mixes the two: hashes of text beyond ASCII are no plain Murmur hashes, and are kept as they are.
    /// </summary>
    public static uint MurmurHashV2(uint hash, ReadOnlySpan<char> text)
    {
        ulong waiting = 0;
        int bits = 0, length = 0;
        foreach (ulong unit in text)
        {
            if (unit <= 0x7F)
            {
                waiting |= unit << bits;
                bits += 8;
            }
            else if (unit <= 0x7FF)
            {
                waiting |= (0xC080 | ((unit << 2) & 0x1F00) | (unit & 0x3F)) << bits;
                waiting = ((waiting & 0xFF) << 8) | (waiting >> 8);
                bits += 16;
            }
            else
            {
                waiting |= (0xE08080 | ((unit << 4) & 0x0F0000) | ((unit << 2) & 0x3F00) | (unit & 0x3F)) << bits;
                waiting = ((waiting & 0xFF) << 16) | (((waiting >> 8) & 0xFF) << 8) | (waiting >> 16);
                bits += 24;
            }
            if (bits >= 32)
            {
                hash = MurmurRound(hash, (uint)waiting);
                waiting >>= 32;
                bits -= 32;
                length += 4;
            }
        }
        length += bits / 8;
        int rest = length & 3;
        if (rest != 0)
            hash ^= Scramble((uint)waiting & ((1u << (8 * rest)) - 1));
        return MixHash(hash, length);
    }
}
