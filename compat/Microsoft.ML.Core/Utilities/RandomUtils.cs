using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

internal static class RandomUtils
{
    public static TauswortheHybrid Create(int? seed) => seed.HasValue ? Create(seed.Value) : Create(new Random());

    public static TauswortheHybrid Create(int seed) => Create((uint)seed);

    public static TauswortheHybrid Create(uint seed) => new(seed);

    /// <summary>A generator whose state is drawn from another one.</summary>
    public static TauswortheHybrid Create(Random seed) => new(seed);

    /// <summary>A number in [0, 1), never rounded up to 1.</summary>
    public static float NextSingle(this Random random)
    {
        if (random is TauswortheHybrid tausworthe)
            return tausworthe.NextSingle();
        float value;
        do
            value = (float)random.NextDouble();
        while (value >= 1);
        return value;
    }
}

/// <summary>Three Tausworthe generators and a linear congruential one, combined by exclusive or: the generator behind every host and shuffle.</summary>
internal sealed class TauswortheHybrid : Random
{
    private uint _a, _b, _c, _d;

    public TauswortheHybrid(uint seed)
    {
        _a = seed;
        _b = Hashing.MurmurRound(_a, seed);
        _c = Hashing.MurmurRound(_b, seed);
        _d = Hashing.MurmurRound(_c, seed);
    }

    public TauswortheHybrid(Random source)
    {
        _a = DrawLarge(source);
        _b = DrawLarge(source);
        _c = DrawLarge(source);
        _d = Draw(source);
    }

    private static uint Draw(Random source) => ((uint)source.Next(1 << 16) << 16) | (uint)source.Next(1 << 16);

    // The Tausworthe parts need bits beyond the lowest ones, which their step masks away.
    private static uint DrawLarge(Random source)
    {
        uint drawn;
        do
            drawn = Draw(source);
        while (drawn < 128);
        return drawn;
    }

    private uint NextBits()
    {
        _a = ((_a & ~1u) << 12) ^ (((_a << 13) ^ _a) >> 19);
        _b = ((_b & ~7u) << 4) ^ (((_b << 2) ^ _b) >> 25);
        _c = ((_c & ~15u) << 17) ^ (((_c << 3) ^ _c) >> 11);
        _d = 1664525 * _d + 1013904223;
        return _a ^ _b ^ _c ^ _d;
    }

    public override int Next() => (int)(NextBits() & int.MaxValue);

    public override int Next(int maxValue)
    {
        Contracts.CheckParam(maxValue >= 0, nameof(maxValue), "maxValue must be non-negative");
        return (int)((NextBits() * (ulong)maxValue) >> 32);
    }

    public override int Next(int minValue, int maxValue)
    {
        Contracts.CheckParam(minValue <= maxValue, nameof(minValue), "minValue must be less than or equal to maxValue.");
        return (int)((long)(NextDouble() * ((long)maxValue - minValue)) + minValue);
    }

    public override double NextDouble() => NextBits() * (1.0 / 4294967296);

    public new float NextSingle() => (NextBits() >> 9) * (1f / (1 << 23));

    public int NextSigned() => (int)NextBits();

    public override void NextBytes(byte[] buffer)
    {
        Contracts.CheckValue(buffer, nameof(buffer));
        for (int i = 0; i < buffer.Length; i++)
            buffer[i] = (byte)Next();
    }
}
