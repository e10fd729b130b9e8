using System.Numerics;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// A random order of the numbers 0 to count - 1 that needs no memory: a keyed permutation (four rounds of a Feistel network over just enough bits; numbers that fall outside are permuted on until one falls inside:
/// Black, Rogaway: "Ciphers with Arbitrary Finite Domains", 2002).
/// </summary>
internal readonly struct IndexPermutation
{
    private const int Rounds = 4;
    private readonly long _count;
    private readonly int _half;
    private readonly ulong _mask;
    private readonly RandomStream? _random;

    /// <param name="count">How many numbers; at least 1.</param>
    /// <param name="random">Decides the order; null: their own.</param>
    public IndexPermutation(long count, RandomStream? random)
    {
        _count = Require.AtLeast(count, 1);
        _random = random;
        // An even number of bits, so that both halves are of one size: at most four times as many numbers as are wanted.
        int bits = Math.Max(2, 64 - BitOperations.LeadingZeroCount((ulong)(count - 1)));
        _half = (bits + 1) / 2;
        _mask = (1UL << _half) - 1;
    }

    /// <summary>The number at a place of the order.</summary>
    public long this[long place]
    {
        get
        {
            if (_random is null) return place;
            ulong number = (ulong)place;
            do number = Permute(number); while (number >= (ulong)_count);
            return (long)number;
        }
    }

    private ulong Permute(ulong number)
    {
        (ulong left, ulong right) = (number >> _half, number & _mask);
        for (ulong round = 0; round < Rounds; round++) (left, right) = (right, left ^ (_random!.At((right << 2) | round) & _mask));
        return (left << _half) | right;
    }
}
