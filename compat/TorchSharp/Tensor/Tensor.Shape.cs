using TorchSharp.Native;

namespace TorchSharp;

// Views and arrangements.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor view(params long[] shape) => Ops.View.Call(this, shape);
        public Tensor view_as(Tensor other) => Ops.ViewAs.Call(this, other);
        public Tensor reshape(params long[] shape) => Ops.Reshape.Call(this, shape);
        public Tensor transpose(long dim0, long dim1) => Ops.TransposeInt.Call(this, dim0, dim1);
        public Tensor transpose_(long dim0, long dim1) => Ops.Transpose_.InPlace(this, this, dim0, dim1);
        public Tensor t() => Ops.T.Call(this);
        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());
        public Tensor permute(params long[] permutation) => Ops.Permute.Call(this, permutation);
        public Tensor unsqueeze(long dim) => Ops.Unsqueeze.Call(this, dim);
        public Tensor unsqueeze_(long dim) => Ops.Unsqueeze_.InPlace(this, this, dim);
        public Tensor squeeze(long? dim = null) => dim is { } d ? Ops.SqueezeDim.Call(this, d) : Ops.Squeeze.Call(this);
        public Tensor squeeze_(long? dim = null) => dim is { } d ? Ops.Squeeze_Dim.InPlace(this, this, d) : Ops.Squeeze_.InPlace(this, this);
        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => expand(sizes.ToArray(), isImplicit);
        public Tensor expand(params long[] sizes) => Ops.Expand.Call(this, sizes);
        public Tensor expand(long[] sizes, bool isImplicit = false) => Ops.Expand.Call(this, sizes, isImplicit);
        public Tensor expand_as(Tensor other) => Ops.ExpandAs.Call(this, other);
        public Tensor contiguous() => Ops.Contiguous.Call(this);
        public Tensor clone() => Ops.Clone.Call(this);
        public Tensor alias() => new(Shim.llm_share(Handle));
        public Tensor detach() => Ops.Detach.Call(this);
        public Tensor detach_() => Ops.Detach_.InPlace(this, this);
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Ops.FlattenUsingInts.Call(this, start_dim, end_dim);
        public Tensor unflatten(long dim, params long[] sizes) => Ops.UnflattenInt.Call(this, dim, sizes);
        public Tensor narrow(long dim, long start, long length) => Ops.Narrow.Call(this, dim, start, length);
        public Tensor select(long dim, long index) => Ops.SelectInt.Call(this, dim, index);
        public Tensor slice(long dim, long start, long finish, long step) => Ops.SliceTensor.Call(this, dim, start, finish, step);
        public Tensor[] split(long size, int dim = 0) => Ops.SplitTensor.CallList(this, size, dim);
        public Tensor[] split(params long[] sizes) => Ops.SplitWithSizes.CallList(this, sizes);
        public Tensor[] split(long[] sizes, long dim = 0) => Ops.SplitWithSizes.CallList(this, sizes, dim);
        public Tensor[] chunk(long chunks, long dim = 0) => Ops.Chunk.CallList(this, chunks, dim);
        public Tensor[] unbind(long dimension = 0) => Ops.UnbindInt.CallList(this, dimension);
        public Tensor[] tensor_split(long size, long dim = 0) => Ops.TensorSplitSections.CallList(this, size, dim);
        public Tensor[] tensor_split(long[] sizes, long dim = 0) => Ops.TensorSplitIndices.CallList(this, sizes, dim);
        public Tensor repeat(params long[] sizes) => Ops.Repeat.Call(this, sizes);
        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) => Ops.RepeatInterleaveSelfTensor.Call(this, repeats, Argument.Maybe(dim), Argument.Maybe(output_size));
        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) => Ops.RepeatInterleaveSelfInt.Call(this, repeats, Argument.Maybe(dim), Argument.Maybe(output_size));
        public Tensor tile(long[] reps) => Ops.Tile.Call(this, reps);
        public Tensor flip(params long[] dims) => Ops.Flip.Call(this, dims);
        public Tensor roll(long shifts, long? dims = null) => dims is { } d ? Ops.Roll.Call(this, new[] { shifts }, new[] { d }) : Ops.Roll.Call(this, new[] { shifts });
        public Tensor roll(long[] shifts, long[] dims) => Ops.Roll.Call(this, shifts, dims);
        public Tensor swapaxes(long dim0, long dim1) => Ops.Swapaxes.Call(this, dim0, dim1);
        public Tensor movedim(long[] source, long[] destination) => Ops.MovedimIntlist.Call(this, source, destination);
        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) => Ops.Diagonal.Call(this, offset, dim1, dim2);
        public Tensor diag(long diagonal = 0) => Ops.Diag.Call(this, diagonal);
        public Tensor tril(long diagonal = 0) => Ops.Tril.Call(this, diagonal);
        public Tensor tril_(long diagonal = 0) => Ops.Tril_.InPlace(this, this, diagonal);
        public Tensor triu(long diagonal = 0) => Ops.Triu.Call(this, diagonal);
        public Tensor triu_(long diagonal = 0) => Ops.Triu_.InPlace(this, this, diagonal);
        public Tensor unfold(long dimension, long size, long step) => Ops.Unfold.Call(this, dimension, size, step);
        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) => Ops.AsStrided.Call(this, size, strides, storageOffset);
        public Tensor broadcast_to(params long[] shape) => Ops.BroadcastTo.Call(this, shape);
        public Tensor ravel() => Ops.Ravel.Call(this);
        public Tensor diff(long n = 1, long dim = -1, Tensor? prepend = null, Tensor? append = null) => Ops.Diff.Call(this, n, dim, Argument.Maybe(prepend), Argument.Maybe(append));
    }

    public static Tensor reshape(Tensor input, params long[] shape) => input.reshape(shape);
    public static Tensor transpose(Tensor input, long dim0, long dim1) => input.transpose(dim0, dim1);
    public static Tensor t(Tensor input) => input.t();
    public static Tensor permute(Tensor input, params long[] permutation) => input.permute(permutation);
    public static Tensor unsqueeze(Tensor input, long dim) => input.unsqueeze(dim);
    public static Tensor unsqueeze_(Tensor input, long dim) => input.unsqueeze_(dim);
    public static Tensor squeeze(Tensor input, long? dim = null) => input.squeeze(dim);
    public static Tensor squeeze_(Tensor input, long? dim = null) => input.squeeze_(dim);
    public static Tensor clone(Tensor input) => input.clone();
    public static Tensor flatten(Tensor input, long start_dim = 0, long end_dim = -1) => input.flatten(start_dim, end_dim);
    public static Tensor unflatten(Tensor input, long dim, params long[] sizes) => input.unflatten(dim, sizes);
    public static Tensor narrow(Tensor input, long dim, long start, long length) => input.narrow(dim, start, length);
    public static Tensor select(Tensor input, long dim, long index) => input.select(dim, index);
    public static Tensor[] split(Tensor tensor, long[] split_size_or_sections, long dim = 0) => tensor.split(split_size_or_sections, dim);
    public static Tensor[] chunk(Tensor input, long chunks, long dim = 0) => input.chunk(chunks, dim);
    public static Tensor[] unbind(Tensor input, long dim = 0) => input.unbind(dim);
    public static Tensor[] tensor_split(Tensor input, long indices_or_sections, long dim = 0) => input.tensor_split(indices_or_sections, dim);
    public static Tensor[] tensor_split(Tensor input, long[] indices_or_sections, long dim = 0) => input.tensor_split(indices_or_sections, dim);
    public static Tensor repeat_interleave(Tensor input, Tensor repeats, long? dim = null, long? output_size = null) => input.repeat_interleave(repeats, dim, output_size);
    public static Tensor repeat_interleave(Tensor input, long repeats, long? dim = null, long? output_size = null) => input.repeat_interleave(repeats, dim, output_size);
    public static Tensor tile(Tensor input, long[] dims) => input.tile(dims);
    public static Tensor flip(Tensor input, params long[] dims) => input.flip(dims);
    public static Tensor roll(Tensor input, long shifts, long? dims = null) => input.roll(shifts, dims);
    public static Tensor roll(Tensor input, long[] shifts, long[] dims) => input.roll(shifts, dims);
    public static Tensor swapaxes(Tensor input, long axis0, long axis1) => input.swapaxes(axis0, axis1);
    public static Tensor movedim(Tensor input, long[] source, long[] destination) => input.movedim(source, destination);
    public static Tensor diagonal(Tensor input, long offset = 0, long dim1 = 0, long dim2 = 1) => input.diagonal(offset, dim1, dim2);
    public static Tensor diag(Tensor input, long diagonal = 0) => input.diag(diagonal);
    public static Tensor tril(Tensor input, long diagonal = 0) => input.tril(diagonal);
    public static Tensor tril_(Tensor input, long diagonal = 0) => input.tril_(diagonal);
    public static Tensor triu(Tensor input, long diagonal = 0) => input.triu(diagonal);
    public static Tensor triu_(Tensor input, long diagonal = 0) => input.triu_(diagonal);
    public static Tensor broadcast_to(Tensor input, params long[] shape) => input.broadcast_to(shape);
    public static Tensor ravel(Tensor input) => input.ravel();
    public static Tensor diff(Tensor input, long n = 1, long dim = -1, Tensor? prepend = null, Tensor? append = null) => input.diff(n, dim, prepend, append);
}
