using System.Numerics;
using System.Security.Cryptography;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// numpy's default generator (PCG64, XSL-RR 128/64: O'Neill 2014), seeded by numpy's SeedSequence, with the draws that resampling needs. The same seed gives numpy's numbers, so that tests and intervals can be repeated digit for digit.
/// </summary>
internal sealed class Pcg64
{
    private static readonly UInt128 s_multiplier = new(0x2360ED051FC65DA4, 0x4385DF649FCCF645);

    private readonly UInt128 _increment;
    private UInt128 _state;
    private uint? _upperHalf;

    /// <summary>Creates a generator.</summary>
    /// <param name="seed">0 or greater; null: a seed of the operating system's.</param>
    public Pcg64(long? seed)
    {
        ulong[] words = Words(seed is long given ? (ulong)given : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
        _increment = (new UInt128(words[2], words[3]) << 1) | 1;
        Step();
        _state += new UInt128(words[0], words[1]);
        Step();
    }

    internal (UInt128 State, UInt128 Increment) Internals => (_state, _increment);

    public ulong NextUInt64()
    {
        Step();
        (ulong high, ulong low) = ((ulong)(_state >> 64), (ulong)_state);
        return BitOperations.RotateRight(high ^ low, (int)(high >> 58));
    }

    /// <summary>The low half of a 64-bit number, then its high half.</summary>
    public uint NextUInt32()
    {
        if (_upperHalf is uint kept)
        {
            _upperHalf = null;
            return kept;
        }
        ulong both = NextUInt64();
        _upperHalf = (uint)(both >> 32);
        return (uint)both;
    }

    /// <summary>From 0 to below 1.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Indices below a number, each equally likely (Lemire, 2019).</summary>
    public void Choose(Span<int> indices, int below)
    {
        uint range = (uint)below;
        if (range <= 1)
        {
            indices.Clear();
            return;
        }
        uint threshold = (uint)(-(int)range) % range;
        for (int i = 0; i < indices.Length; i++)
        {
            ulong product = (ulong)NextUInt32() * range;
            while ((uint)product < threshold) product = (ulong)NextUInt32() * range;
            indices[i] = (int)(product >> 32);
        }
    }

    /// <summary>SeedSequence(seed).generate_state(8): the words that numpy makes of a seed.</summary>
    internal static uint[] SeedWords(ulong seed)
    {
        const uint InitialA = 0x43B0D7E5, MultiplierA = 0x931E8875, InitialB = 0x8B51F9DD, MultiplierB = 0x58F38DED, MixLeft = 0xCA01F9DD, MixRight = 0x4973F715;
        uint constant = InitialA;
        uint Hash(uint value)
        {
            value ^= constant;
            constant *= MultiplierA;
            value *= constant;
            return value ^ (value >> 16);
        }
        static uint Mix(uint x, uint y)
        {
            uint mixed = (MixLeft * x) - (MixRight * y);
            return mixed ^ (mixed >> 16);
        }
        uint[] pool = [Hash((uint)seed), Hash((uint)(seed >> 32)), Hash(0), Hash(0)];
        for (int source = 0; source < pool.Length; source++)
        {
            for (int target = 0; target < pool.Length; target++)
            {
                if (source != target) pool[target] = Mix(pool[target], Hash(pool[source]));
            }
        }
        uint[] words = new uint[8];
        constant = InitialB;
        for (int i = 0; i < words.Length; i++)
        {
            uint value = pool[i % pool.Length] ^ constant;
            constant *= MultiplierB;
            value *= constant;
            words[i] = value ^ (value >> 16);
        }
        return words;
    }

    private static ulong[] Words(ulong seed)
    {
        uint[] halves = SeedWords(seed);
        return [.. Enumerable.Range(0, 4).Select(i => halves[2 * i] | ((ulong)halves[(2 * i) + 1] << 32))];
    }

    private void Step() => _state = (_state * s_multiplier) + _increment;
}
