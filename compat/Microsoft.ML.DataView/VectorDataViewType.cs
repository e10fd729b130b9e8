using System.Collections.Immutable;

namespace Microsoft.ML.Data;

/// <summary>Vectors of one primitive type. Size 0: the length is known only row by row.</summary>
public sealed class VectorDataViewType : StructuredDataViewType
{
    public VectorDataViewType(PrimitiveDataViewType itemType, int size = 0) : base(RawTypeOf(itemType))
    {
        Guard.Range(size >= 0, nameof(size));
        ItemType = itemType;
        Dimensions = [size];
        Size = size;
    }

    public VectorDataViewType(PrimitiveDataViewType itemType, params int[] dimensions)
        : this(itemType, dimensions == null ? ImmutableArray<int>.Empty : ImmutableArray.Create(dimensions)) { }

    public VectorDataViewType(PrimitiveDataViewType itemType, ImmutableArray<int> dimensions) : base(RawTypeOf(itemType))
    {
        Guard.Range(dimensions.Length > 0, nameof(dimensions));
        Guard.Range(dimensions.All(d => d >= 0), nameof(dimensions));
        ItemType = itemType;
        Dimensions = dimensions;
        Size = dimensions.Aggregate(1, (product, d) => checked(product * d));
    }

    public PrimitiveDataViewType ItemType { get; }

    public ImmutableArray<int> Dimensions { get; }

    public int Size { get; }

    public bool IsKnownSize => Size > 0;

    private static Type RawTypeOf(PrimitiveDataViewType itemType) => typeof(VBuffer<>).MakeGenericType(Guard.NotNull(itemType).RawType);

    public override bool Equals(DataViewType other)
        => other is VectorDataViewType vector && ItemType.Equals(vector.ItemType) && Dimensions.SequenceEqual(vector.Dimensions);

    public override bool Equals(object other) => other is DataViewType type && Equals(type);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(ItemType);
        foreach (int dimension in Dimensions)
            hash.Add(dimension);
        return hash.ToHashCode();
    }

    public override string ToString()
    {
        if (Dimensions.Length == 1)
            return IsKnownSize ? $"Vector<{ItemType}, {Size}>" : $"Vector<{ItemType}>";
        return $"Vector<{ItemType}, {string.Join(", ", Dimensions.Select(d => d > 0 ? d.ToString(System.Globalization.CultureInfo.InvariantCulture) : "*"))}>";
    }
}
