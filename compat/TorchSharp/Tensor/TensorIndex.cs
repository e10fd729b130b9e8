using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One item of an index expression.</summary>
    public struct TensorIndex
    {
        private IndexItem _index;
        private Tensor? _tensor;

        public static TensorIndex Colon = Slice();
        public static TensorIndex Ellipsis = new() { _index = { Kind = IndexKind.Ellipsis } };
        public static TensorIndex None = new() { _index = { Kind = IndexKind.NewAxis } };
        public static TensorIndex Null = None;

        public static TensorIndex Bool(bool value) => new() { _index = { Kind = IndexKind.Truth, Start = value ? 1 : 0 } };
        public static TensorIndex Single(long? index) => new() { _index = { Kind = IndexKind.Single, Start = index ?? 0 } };
        public static TensorIndex Tensor(Tensor tensor) => new() { _index = { Kind = IndexKind.Tensor }, _tensor = tensor };
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new()
        {
            _index =
            {
                Kind = IndexKind.Slice,
                Parts = (start.HasValue ? IndexParts.Start : 0) | (stop.HasValue ? IndexParts.Stop : 0) | (step.HasValue ? IndexParts.Step : 0),
                Start = start ?? 0,
                Stop = stop ?? 0,
                Step = step ?? 0,
            },
        };
        public static TensorIndex Slice((int? start, int? end) range) => Slice(range.start, (long?)range.end);
        public static TensorIndex Slice(Range range) => Slice(At(range.Start), range.End is { IsFromEnd: true, Value: 0 } ? null : At(range.End));

        private static long At(System.Index index) => index.IsFromEnd ? -index.Value : index.Value;

        public static implicit operator TensorIndex(long value) => Single(value);
        public static implicit operator TensorIndex(System.Index index) => Single(At(index));
        public static implicit operator TensorIndex(Range range) => Slice(range);
        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);
        // Makes x[index, tensor] compile; the tensor has to be wrapped in TensorIndex.Tensor.
        public static implicit operator Tensor(TensorIndex value) => throw new InvalidOperationException("Should not be called.");

        /// <summary>The tensor of an index that is one.</summary>
        internal readonly Tensor Wrapped => _tensor ?? throw new ArgumentException(
            "Invalid 'indices' parameter. Must be an array of TensorIndex objects containing tensors with indices that match the shape of the tensor to update");

        internal readonly IndexItem Item
        {
            get
            {
                var native = _index;
                if (_tensor is not null) native.Tensor = _tensor.Handle;
                return native;
            }
        }
    }

    public partial class Tensor
    {
        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices] { get => index(indices); set => index_put_(value, indices); }

        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices] { get => index(indices); set => index_put_(value, indices); }

        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[params long[] indices] { get => index(Singles(indices)); set => index_put_(value, Singles(indices)); }

        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[long i1] { get => Ops.SelectInt.Call(this, 0, i1); set => Set(value, i1); }

        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[long i1, long i2] { get => Get(i1, i2); set => Set(value, i1, i2); }

        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3] { get => Get(i1, i2, i3); set => Set(value, i1, i2, i3); }

        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4] { get => Get(i1, i2, i3, i4); set => Set(value, i1, i2, i3, i4); }

        public Tensor index(params TensorIndex[] indices) => new(Get(Items(indices), indices));
        public Tensor index(params Tensor[] indices) => index(Wrapped(indices));

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            Put(value, Items(indices));
            GC.KeepAlive(indices);
            return this;
        }
        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false) =>
            accumulate ? index_put_(value, Array.ConvertAll(indices, i => i.Wrapped), true) : index_put_(value, indices.AsSpan().ToArray());
        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            using var number = ((Tensor)value).to(dtype, device);
            return index_put_(number, indices);
        }
        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, Wrapped(indices));
        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false) =>
            accumulate ? Ops.IndexPut_.InPlace(this, this, Argument.OptionalTensors(indices), value, true) : index_put_(value, indices);

        private static TensorIndex[] Singles(long[] indices) => Array.ConvertAll(indices, i => TensorIndex.Single(i));
        private static TensorIndex[] Wrapped(Tensor[] indices) => Array.ConvertAll(indices, TensorIndex.Tensor);
        private static IndexItem[] Items(ReadOnlySpan<TensorIndex> indices)
        {
            var native = new IndexItem[indices.Length];
            for (var i = 0; i < native.Length; i++) native[i] = indices[i].Item;
            return native;
        }

        private unsafe nint Get(IndexItem[] native, TensorIndex[] indices)
        {
            fixed (IndexItem* items = native)
            {
                var result = Shim.Check(Shim.llm_index(Handle, items, native.Length));
                GC.KeepAlive(indices);
                return result;
            }
        }

        // Dimension by dimension, in and out of range alike.
        private Tensor Get(params long[] indices) => DisposeScopeManager.Composed(() =>
        {
            var part = this;
            foreach (var i in indices) part = part[i];
            return part;
        });

        private unsafe void Put(Tensor value, IndexItem[] native)
        {
            fixed (IndexItem* items = native) Shim.Check(Shim.llm_index_put(Handle, items, native.Length, value.Handle));
            GC.KeepAlive(value);
        }

        private void Set(Tensor value, params long[] indices) => DisposeScopeManager.Composed(() =>
        {
            var part = this;
            foreach (var i in indices) part = part[i];
            part.copy_(value);
            return Array.Empty<Tensor>();
        });
    }
}
