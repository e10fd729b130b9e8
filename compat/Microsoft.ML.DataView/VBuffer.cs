using System.Collections;

namespace Microsoft.ML.Data;

/// <summary>A vector over arrays that are rented, not owned: they may be longer than the vector, and the next row may reuse them. Sparse when fewer values than <see cref="Length"/> are stored.</summary>
public readonly struct VBuffer<T> : IEnumerable
{
    private readonly T[] _values;
    private readonly int[] _indices;
    private readonly int _count;

    public readonly int Length;

    public VBuffer(int length, T[] values, int[] indices = null)
    {
        Guard.Range(length >= 0, nameof(length));
        Guard.Range((values?.Length ?? 0) >= length, nameof(values));
        Length = length;
        _count = length;
        _values = values;
        _indices = indices;
    }

    public VBuffer(int length, int count, T[] values, int[] indices)
    {
        Guard.Range(length >= 0, nameof(length));
        Guard.Range(0 <= count && count <= length, nameof(count));
        Guard.Range((values?.Length ?? 0) >= count, nameof(values));
        Guard.Range(count == length || (indices?.Length ?? 0) >= count, nameof(indices));
        Length = length;
        _count = count;
        _values = values;
        _indices = indices;
    }

    public bool IsDense => _count == Length;

    public ReadOnlySpan<T> GetValues() => _values.AsSpan(0, _count);

    public ReadOnlySpan<int> GetIndices() => IsDense ? default : _indices.AsSpan(0, _count);

    public void CopyTo(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length, _count);
        GetValues().CopyTo(editor.Values);
        GetIndices().CopyTo(editor.Indices);
        destination = editor.Commit();
    }

    public void CopyTo(ref VBuffer<T> destination, int sourceIndex, int length)
    {
        Guard.Range(0 <= sourceIndex && sourceIndex <= Length, nameof(sourceIndex));
        Guard.Range(0 <= length && sourceIndex <= Length - length, nameof(length));
        int first = IsDense ? sourceIndex : LowerBound(sourceIndex);
        int end = IsDense ? sourceIndex + length : LowerBound(sourceIndex + length);
        var editor = VBufferEditor.Create(ref destination, length, end - first);
        _values.AsSpan(first, end - first).CopyTo(editor.Values);
        for (int i = 0; i < editor.Indices.Length; i++)
            editor.Indices[i] = _indices[first + i] - sourceIndex;
        destination = editor.Commit();
    }

    public void CopyTo(Span<T> destination) => CopyTo(destination, 0);

    public void CopyTo(Span<T> destination, int destinationIndex, T defaultValue = default)
    {
        Guard.Range(0 <= destinationIndex && destinationIndex <= destination.Length - Length, nameof(destination), "Not large enough to hold these values.");
        var target = destination.Slice(destinationIndex, Length);
        if (IsDense)
        {
            GetValues().CopyTo(target);
            return;
        }
        // A vector without any stored value clears its target, whatever the default value is.
        target.Fill(_count == 0 ? default : defaultValue);
        for (int i = 0; i < _count; i++)
            target[_indices[i]] = _values[i];
    }

    public void CopyToDense(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length);
        CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public static void Copy(T[] source, int sourceIndex, ref VBuffer<T> destination, int length)
    {
        int available = source?.Length ?? 0;
        Guard.Range(0 <= length && length <= available, nameof(length));
        Guard.Range(0 <= sourceIndex && sourceIndex <= available - length, nameof(sourceIndex));
        var editor = VBufferEditor.Create(ref destination, length, length);
        source.AsSpan(sourceIndex, length).CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public T GetItemOrDefault(int index)
    {
        Guard.Range(0 <= index && index < Length, nameof(index));
        if (IsDense)
            return _values[index];
        int at = LowerBound(index);
        return at < _count && _indices[at] == index ? _values[at] : default;
    }

    public void GetItemOrDefault(int index, ref T destination) => destination = GetItemOrDefault(index);

    public IEnumerable<T> DenseValues() => Items(all: true).Select(pair => pair.Value);

    public IEnumerable<KeyValuePair<int, T>> Items(bool all = false) => Items(_values, _indices, Length, _count, all);

    private static IEnumerable<KeyValuePair<int, T>> Items(T[] values, int[] indices, int length, int count, bool all)
    {
        int next = 0;
        for (int i = 0; i < count; i++)
        {
            int slot = count == length ? i : indices[i];
            for (; all && next < slot; next++)
                yield return new(next, default);
            yield return new(slot, values[i]);
            next = slot + 1;
        }
        for (; all && next < length; next++)
            yield return new(next, default);
    }

    /// <summary>Walks the whole rented array, which may be longer than the vector: see <see cref="DenseValues"/>.</summary>
    public IEnumerator GetEnumerator() => _values.GetEnumerator();

    public override string ToString()
        => IsDense ? $"Dense vector of size {Length}" : $"Sparse vector of size {Length}, {_count} explicit values";

    /// <summary>The first place among the stored values whose slot is not before <paramref name="slot"/>.</summary>
    private int LowerBound(int slot)
    {
        int found = _indices.AsSpan(0, _count).BinarySearch(slot);
        return found < 0 ? ~found : found;
    }

    internal VBufferEditor<T> Edit(int newLogicalLength, int? valuesCount, int? maxValuesCapacity, bool keepOldOnResize, bool requireIndicesOnDense)
    {
        Guard.Range(newLogicalLength >= 0, nameof(newLogicalLength), "Must be non-negative.");
        Guard.Range(valuesCount is null or >= 0, nameof(valuesCount), "If specified, must be non-negative.");
        Guard.Range(valuesCount is null || valuesCount <= newLogicalLength, nameof(valuesCount), "If specified, must be no greater than newLogicalLength");
        int count = valuesCount ?? newLogicalLength;
        int limit = maxValuesCapacity ?? Array.MaxLength;
        bool hasIndices = count < newLogicalLength || requireIndicesOnDense;
        var values = Reserve(_values, count, limit, keepOldOnResize);
        var indices = hasIndices ? Reserve(_indices, count, limit, keepOldOnResize) : _indices;
        return new(newLogicalLength, count, values, indices, hasIndices, values != _values, hasIndices && indices != _indices);
    }

    private static TItem[] Reserve<TItem>(TItem[] array, int needed, int limit, bool keep)
    {
        if (needed > limit)
            throw new ArgumentOutOfRangeException("max", "min must not exceed max");
        int size = array?.Length ?? 0;
        if (size >= needed)
            return array;
        // Doubling keeps the number of allocations low while rows grow.
        long doubled = size == 0 ? 4 : 2L * size;
        var larger = new TItem[(int)Math.Max(Math.Min(doubled, limit), needed)];
        if (keep)
            array.AsSpan().CopyTo(larger);
        return larger;
    }
}
