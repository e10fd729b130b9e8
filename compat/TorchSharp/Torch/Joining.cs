using TorchSharp.Native;

namespace TorchSharp;

// Several tensors at once, and what torch has beside Tensor's members.
public static partial class torch
{
    public static Tensor cat(Tensor[] tensors, long dim = 0) => tensors is { Length: > 0 } ? Ops.Cat.Call(tensors, dim) : throw new ArgumentException(nameof(tensors));
    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => cat(tensors as Tensor[] ?? tensors?.ToArray()!, dim);
    public static Tensor cat(ReadOnlySpan<Tensor> tensors, long dim = 0) => cat(tensors.ToArray(), dim);
    public static Tensor concat(Tensor[] tensors, long dim = 0) => cat(tensors, dim);
    public static Tensor concat(IList<Tensor> tensors, long dim = 0) => cat(tensors, dim);
    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0) => Ops.Stack.Call(Handles.Array(tensors), dim);
    public static Tensor hstack(params Tensor[] tensors) => Ops.Hstack.Call(tensors);
    public static Tensor vstack(Tensor[] tensors) => Ops.Vstack.Call(tensors);

    public static Tensor einsum(string equation, params Tensor[] tensors) => Ops.Einsum.Call(Argument.Text(equation), tensors);

    public static Tensor softmax(Tensor input, int dim, ScalarType? dtype = null) => input.softmax(dim, dtype);
    public static Tensor gather(Tensor input, long dim, Tensor index, bool sparse_grad = false) => Ops.Gather.Call(input, dim, index, sparse_grad);
    public static Tensor[] unbind(Tensor tensor, int dim = 0) => tensor.unbind(dim);
    public static Tensor norm(Tensor input) => input.norm();

    public static Tensor tril_indices(long row, long col, long offset = 0, ScalarType dtype = ScalarType.Int64, Device? device = null) =>
        Ops.TrilIndices.Call(row, col, offset, dtype, Argument.None, InitializeDevice(device));
    public static Tensor triu_indices(long row, long col, long offset = 0, ScalarType dtype = ScalarType.Int64, Device? device = null) =>
        Ops.TriuIndices.Call(row, col, offset, dtype, Argument.None, InitializeDevice(device));

    public static ScalarType result_type(Tensor tensor1, Tensor tensor2) => (ScalarType)Ops.ResultTypeTensor.CallNumber(tensor1, tensor2).Bits;
    public static long numel(Tensor input) => input.numel();
}
