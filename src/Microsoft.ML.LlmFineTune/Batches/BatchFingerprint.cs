using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>A 64-bit hash of data, so that training that is resumed notices other data. Every number counts, and so does its place. Not for security: whoever wants two data sets of one hash can make them.</summary>
internal struct BatchFingerprint
{
    /// <summary>The hash of what was added so far.</summary>
    public ulong Value { get; private set; }

    /// <summary>Adds a number.</summary>
    public void Add(long number) => Value = RandomStream.Derive(Value, (ulong)number);

    /// <summary>Adds the number of items and every item; an array that is not there counts as something of its own.</summary>
    public void Add<T>(T[]? items) where T : unmanaged
    {
        Add(items?.Length ?? -1);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes<T>(items);
        ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(bytes);
        foreach (long word in words) Add(word);
        foreach (byte rest in bytes[(words.Length * sizeof(long))..]) Add(rest);
    }

    /// <summary>Adds the seed of an order; the given order counts as something of its own.</summary>
    public void Add(RandomStreams? order)
    {
        Add(order is null ? 0 : 1);
        Add(order?.Seed ?? 0);
    }

    /// <summary>Adds a number with a fraction.</summary>
    public void Add(double number) => Add(BitConverter.DoubleToInt64Bits(number));

    /// <summary>Adds lists of numbers.</summary>
    public void Add(IReadOnlyList<int[]> lists)
    {
        Add(lists.Count);
        foreach (int[] list in lists) Add(list);
    }

    /// <summary>Adds everything that a batch holds.</summary>
    public void Add(TokenBatch batch)
    {
        Add(batch.Rows);
        Add(batch.RowsPerUnit);
        Add(batch.Tokens);
        Add(batch.Targets);
        Add(batch.Mask);
        Add(batch.Segments);
        Add(batch.Documents);
        Add(batch.Values);
        Add(batch.ReferenceLogProbabilities);
    }
}
