namespace Microsoft.ML.Data;

/// <summary>Values from a counted set. Raw values: 0 is missing, 1 the first.</summary>
public sealed class KeyDataViewType : PrimitiveDataViewType
{
    public KeyDataViewType(Type type, ulong count) : base(type)
    {
        Guard.Range(IsValidDataType(type), nameof(type), "Type is not valid, it must be Byte, UInt16, UInt32, or UInt64.");
        Guard.Range(0 < count && count <= Largest(type), nameof(count),
            $"The cardinality of a KeyDataViewType must not exceed {type.Name}.MaxValue and must be strictly positive, but got {count}.");
        Count = count;
    }

    // A negative count, seen as unsigned, is beyond the largest one of every type but UInt64.
    public KeyDataViewType(Type type, int count) : this(type, (ulong)count)
        => Guard.Range(0 < count, nameof(count), "The cardinality of a KeyDataViewType must be strictly positive.");

    public ulong Count { get; }

    public static bool IsValidDataType(Type type)
        => type == typeof(byte) || type == typeof(ushort) || type == typeof(uint) || type == typeof(ulong);

    private static ulong Largest(Type type)
        => type == typeof(byte) ? byte.MaxValue : type == typeof(ushort) ? ushort.MaxValue : type == typeof(uint) ? uint.MaxValue : ulong.MaxValue;

    public override bool Equals(DataViewType other) => other is KeyDataViewType key && key.RawType == RawType && key.Count == Count;

    public override bool Equals(object other) => other is DataViewType type && Equals(type);

    public override int GetHashCode() => HashCode.Combine(RawType, Count);

    public override string ToString() => $"Key<{RawType.Name}, 0-{Count - 1}>";
}
