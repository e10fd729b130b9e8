using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>128 bits that name a row. Derived ids are steps of an unfinished MurmurHash3 (x64, 128 bits), whose state this is.</summary>
public readonly struct DataViewRowId : IComparable<DataViewRowId>, IEquatable<DataViewRowId>
{
    private const ulong LowFactor = 0x87c37b91114253d5, HighFactor = 0x4cf5ad432745937f;

    public readonly ulong Low;
    public readonly ulong High;

    public DataViewRowId(ulong low, ulong high)
    {
        Low = low;
        High = high;
    }

    /// <summary>One round of the hash over a block of 16 bytes whose two halves are already mixed.</summary>
    private DataViewRowId Absorb(ulong mixedLow, ulong mixedHigh)
    {
        ulong low = (BitOperations.RotateLeft(Low ^ mixedLow, 27) + High) * 5 + 0x52dce729;
        ulong high = (BitOperations.RotateLeft(High ^ mixedHigh, 31) + low) * 5 + 0x38495ab5;
        return new DataViewRowId(low, high);
    }

    public DataViewRowId Next() => Absorb(0, 0);

    public DataViewRowId Fork()
    {
        // The mark of a fork is mixed in after the round, not before it.
        var next = Next();
        return new DataViewRowId(next.Low ^ (BitOperations.RotateLeft(LowFactor, 31) * HighFactor), next.High);
    }

    public DataViewRowId Combine(DataViewRowId other)
    {
        var block = other.Fork();
        return Absorb(
            BitOperations.RotateLeft(block.Low * LowFactor, 31) * HighFactor,
            BitOperations.RotateLeft(block.High * HighFactor, 33) * LowFactor);
    }

    public int CompareTo(DataViewRowId other) => High == other.High ? Low.CompareTo(other.Low) : High.CompareTo(other.High);

    public bool Equals(DataViewRowId other) => Low == other.Low && High == other.High;

    public override bool Equals(object obj) => obj is DataViewRowId other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Low, High);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}
