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

    /// <summary>The hash of the text's UTF-16 units, each encoded as if alone in UTF-8 (a surrogate gives three bytes), with the bytes of a unit in the order of that encoding.</summary>
    public static uint MurmurHashV2(uint hash, ReadOnlySpan<char> text)
    {
        uint block = 0;
        int length = 0;
        void Append(ref uint state, uint unit)
        {
            block |= unit << (8 * (length & 3));
            if ((++length & 3) == 0)
            {
                state = MurmurRound(state, block);
                block = 0;
            }
        }

        foreach (uint unit in text)
        {
            if (unit <= 0x7F)
                Append(ref hash, unit);
            else if (unit <= 0x7FF)
            {
                Append(ref hash, 0xC0 | (unit >> 6));
                Append(ref hash, 0x80 | (unit & 0x3F));
            }
            else
            {
                Append(ref hash, 0xE0 | (unit >> 12));
                Append(ref hash, 0x80 | ((unit >> 6) & 0x3F));
                Append(ref hash, 0x80 | (unit & 0x3F));
            }
        }
        if ((length & 3) != 0)
            hash ^= Scramble(block);
        return MixHash(hash, length);
    }
}
