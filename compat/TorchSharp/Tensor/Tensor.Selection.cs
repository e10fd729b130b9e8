using TorchSharp.Native;

namespace TorchSharp;

// Reading and writing by index or mask.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor index_select(long dim, Tensor index) => Ops.IndexSelect.Call(this, dim, index);
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => Ops.IndexAdd.Call(this, dim, index, source, alpha);
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => Ops.IndexAdd_.InPlace(this, this, dim, index, source, alpha);
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Ops.IndexCopy_.InPlace(this, this, dim, index, source);
        public Tensor index_fill(long dim, Tensor index, Scalar value) => Ops.IndexFillIntScalar.Call(this, dim, index, value);
        public Tensor index_fill_(long dim, Tensor index, Scalar value) => Ops.IndexFill_IntScalar.InPlace(this, this, dim, index, value);
        public Tensor gather(long dim, Tensor index) => Ops.Gather.Call(this, dim, index);
        public Tensor scatter(long dim, Tensor index, Tensor src) => Ops.ScatterSrc.Call(this, dim, index, src);
        public Tensor scatter_(long dim, Tensor index, Tensor src) => Ops.Scatter_Src.InPlace(this, this, dim, index, src);
        public Tensor scatter_add(long dim, Tensor index, Tensor src) => Ops.ScatterAdd.Call(this, dim, index, src);
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Ops.ScatterAdd_.InPlace(this, this, dim, index, src);
        public Tensor masked_fill(Tensor mask, Scalar value) => Ops.MaskedFillScalar.Call(this, Boolean(mask), value);
        public Tensor masked_fill_(Tensor mask, Scalar value) => Ops.MaskedFill_Scalar.InPlace(this, this, Boolean(mask), value);
        public Tensor masked_select(Tensor mask) => Ops.MaskedSelect.Call(this, mask);
        public Tensor masked_scatter(Tensor mask, Tensor value) => Ops.MaskedScatter.Call(this, mask, value);
        public Tensor where(Tensor condition, Tensor y) => condition.dtype == ScalarType.Bool ? Ops.WhereSelf.Call(condition, this, y) : throw new ArgumentException("The condition to 'where' must be a boolean tensor.");
        public Tensor nonzero() => Ops.Nonzero.Call(this);
        public Tensor argwhere() => Ops.Argwhere.Call(this);
        public Tensor take(Tensor index) => Ops.Take.Call(this, index);
        public Tensor take_along_dim(Tensor indices) => Ops.TakeAlongDim.Call(this, indices);
        public Tensor take_along_dim(Tensor indices, long dim) => Ops.TakeAlongDim.Call(this, indices, dim);
        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) => Ops.BucketizeTensor.Call(this, boundaries, outInt32, right);

        // Older libtorch reads other masks as if they were bytes.
        private static Tensor Boolean(Tensor mask) => mask.dtype == ScalarType.Bool ? mask : throw new System.Runtime.InteropServices.ExternalException(
            $"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}");
    }

    public static Tensor index_select(Tensor input, long dim, Tensor index) => input.index_select(dim, index);
    public static Tensor index_add(Tensor input, long dim, Tensor index, Tensor source, Scalar alpha) => input.index_add(dim, index, source, alpha);
    public static Tensor index_add_(Tensor input, long dim, Tensor index, Tensor source, Scalar alpha) => input.index_add_(dim, index, source, alpha);
    public static Tensor index_copy_(Tensor input, long dim, Tensor index, Tensor source) => input.index_copy_(dim, index, source);
    public static Tensor index_fill(Tensor input, long dim, Tensor index, Scalar value) => input.index_fill(dim, index, value);
    public static Tensor index_fill_(Tensor input, long dim, Tensor index, Scalar value) => input.index_fill_(dim, index, value);
    public static Tensor gather(Tensor input, long dim, Tensor index) => input.gather(dim, index);
    public static Tensor scatter(Tensor input, long dim, Tensor index, Tensor src) => input.scatter(dim, index, src);
    public static Tensor scatter_(Tensor input, long dim, Tensor index, Tensor src) => input.scatter_(dim, index, src);
    public static Tensor scatter_add(Tensor input, long dim, Tensor index, Tensor src) => input.scatter_add(dim, index, src);
    public static Tensor scatter_add_(Tensor input, long dim, Tensor index, Tensor src) => input.scatter_add_(dim, index, src);
    public static Tensor masked_select(Tensor input, Tensor mask) => input.masked_select(mask);
    public static Tensor[] where(Tensor condition) => Ops.Where.CallList(condition);
    public static Tensor where(Tensor condition, Tensor x, Tensor y) => x.where(condition, y);
    public static Tensor nonzero(Tensor input) => input.nonzero();
    public static Tensor argwhere(Tensor input) => input.argwhere();
    public static Tensor take(Tensor input, Tensor index) => input.take(index);
    public static Tensor take_along_dim(Tensor input, Tensor indices, long dim = 0) => input.take_along_dim(indices, dim);
    public static Tensor bucketize(Tensor input, Tensor boundaries, bool outInt32 = false, bool right = false) => input.bucketize(boundaries, outInt32, right);
}
