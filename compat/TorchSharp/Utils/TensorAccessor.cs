using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>The elements of a tensor on the processor, in row order whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IEnumerable<T>, IDisposable where T : unmanaged
{
    private Tensor? _tensor;
    private T* _data;
    private readonly bool _contiguous;
    private readonly long[] _shape, _strides;

    internal TensorAccessor(Tensor tensor)
    {
        _data = (T*)tensor.Address;
        _tensor = tensor;
        _contiguous = tensor.is_contiguous();
        (_shape, _strides) = (tensor.shape, tensor.stride());
    }

    public long Count => _tensor is null ? 0 : _tensor.numel();
    public bool IsReadOnly => false;

    public T this[params long[] indices]
    {
        get
        {
            if (indices.Length != 1) return _data[At(indices)];
            if (indices[0] >= Count) throw new IndexOutOfRangeException();
            if (indices[0] < 0) throw new ArgumentOutOfRangeException($"{indices[0]} in a collection of  ${Count} elements.");
            return _data[At(indices[0])];
        }
        set
        {
            if (indices.Length == 1 && indices[0] >= Count) throw new IndexOutOfRangeException();
            _data[At(indices)] = value;
        }
    }

    public T[] ToArray()
    {
        if (_tensor is { ndim: 0 }) return [_data[0]];
        var all = new T[Count];
        CopyTo(all);
        return all;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);
    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var n = Overlap(array.Length - arrayIndex, tensorIndex);
        if (_contiguous) new ReadOnlySpan<T>(_data + tensorIndex, n).CopyTo(array[arrayIndex..]);
        else
            for (var i = 0; i < n; i++) array[arrayIndex + i] = _data[At(tensorIndex + i)];
        GC.KeepAlive(_tensor);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);
    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var n = Overlap(array.Length - arrayIndex, tensorIndex);
        if (_contiguous) array.Slice(arrayIndex, n).CopyTo(new Span<T>(_data + tensorIndex, n));
        else
            for (var i = 0; i < n; i++) _data[At(tensorIndex + i)] = array[arrayIndex + i];
        GC.KeepAlive(_tensor);
    }

    public IEnumerator<T> GetEnumerator()
    {
        var n = Count;
        for (long i = 0; i < n; i++) yield return this[i];
    }
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose()
    {
        _tensor = null;
        _data = null;
    }

    private int Overlap(long room, long start)
    {
        if (Count == 0) return 0;
        if (start < 0 || start >= Count) throw new ArgumentOutOfRangeException("startingIndex");
        return (int)Math.Clamp(Count - start, 0, Math.Max(room, 0));
    }

    private long At(long index)
    {
        if (_contiguous) return index;
        var offset = 0L;
        for (var d = _shape.Length - 1; d >= 0; d--)
        {
            index = Math.DivRem(index, _shape[d], out var i);
            offset += i * _strides[d];
        }
        return offset;
    }

    private long At(long[] indices)
    {
        var offset = 0L;
        for (var d = _shape.Length - 1; d >= 0; d--)
        {
            if (indices[d] < 0 || indices[d] >= _shape[d]) throw new IndexOutOfRangeException($"{indices[d]} >= {_shape[d]} in dimension {d}.");
            offset += indices[d] * _strides[d];
        }
        return offset;
    }
}
