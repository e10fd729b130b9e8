namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>
/// A stream of pseudo-random numbers that is a pure function of its key and a counter: value i is SplitMix64's finalizer of
/// <c>key + (i + 1) * gamma</c> (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). So a stream can be
/// repeated or continued from any position, and gives the same numbers on every machine.
/// </summary>
/// <remarks>An instance belongs to one thread at a time.</remarks>
public sealed class RandomStream
{
    internal const ulong Gamma = 0x9E3779B97F4A7C15;
    private double? _spareNormal;

    /// <summary>Creates the stream of a key.</summary>
    /// <param name="key">Any number; streams of different keys are unrelated.</param>
    /// <param name="position">How many values are skipped; default 0.</param>
    public RandomStream(ulong key, ulong position = 0)
    {
        Key = key;
        Position = position;
    }

    /// <summary>The key that the stream is a function of.</summary>
    public ulong Key { get; }

    /// <summary>How many 64-bit values have been drawn.</summary>
    public ulong Position { get; private set; }

    /// <summary>The value at a position, without moving the stream.</summary>
    public ulong At(ulong position) => Mix(Key + ((position + 1) * Gamma));

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64() => At(Position++);

    /// <summary>Takes <paramref name="count"/> values out of the stream at once and gives the position of the first.</summary>
    public ulong Reserve(ulong count)
    {
        ulong first = Position;
        Position += count;
        return first;
    }

    /// <summary>The next number in [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>The next number in [0, 1), a multiple of 2^-24.</summary>
    public float NextSingle() => (NextUInt64() >> 40) * (1.0f / (1 << 24));

    /// <summary>The next integer in [0, <paramref name="end"/>), every one equally likely.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="end"/> is less than 1.</exception>
    public int NextInt32(int end)
    {
        Require.AtLeast(end, 1);
        // Lemire: "Fast random integer generation in an interval" (2019). Rejection keeps the integers equally likely.
        ulong high = Math.BigMul(NextUInt64(), (ulong)end, out ulong low);
        if (low < (ulong)end)
        {
            ulong threshold = (0UL - (ulong)end) % (ulong)end;
            while (low < threshold) high = Math.BigMul(NextUInt64(), (ulong)end, out low);
        }
        return (int)high;
    }

    /// <summary>The next number of the standard normal distribution (Box-Muller; two values are drawn for two results).</summary>
    public double NextNormal()
    {
        if (_spareNormal is double spare)
        {
            _spareNormal = null;
            return spare;
        }
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        (double sine, double cosine) = Math.SinCos(2 * Math.PI * NextDouble());
        _spareNormal = radius * sine;
        return radius * cosine;
    }

    /// <summary>Fills <paramref name="destination"/> with normal numbers.</summary>
    public void FillNormal(Span<float> destination, double mean, double standardDeviation)
    {
        for (int i = 0; i < destination.Length; i++) destination[i] = (float)(mean + (standardDeviation * NextNormal()));
    }

    /// <summary>Fills <paramref name="destination"/> with numbers in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public void FillUniform(Span<float> destination, double low, double high)
    {
        for (int i = 0; i < destination.Length; i++) destination[i] = (float)(low + ((high - low) * NextDouble()));
    }

    /// <summary>Brings the items into a random order, every order equally likely (Fisher-Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = NextInt32(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    /// <summary>The key of a sub-stream: unrelated keys for different numbers.</summary>
    internal static ulong Derive(ulong key, ulong number) => Mix(Mix(key ^ 0xD1B54A32D192ED03) + (number * Gamma) + Gamma);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
