using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>A whole tensor, of any type and device. Results are new tensors of the surrounding dispose scope.</summary>
internal readonly struct TensorElements(Tensor value) : IElements<TensorElements>
{
    public Tensor Value { get; } = value;

    public static TensorElements operator +(TensorElements left, TensorElements right) => new(left.Value + right.Value);

    public static TensorElements operator -(TensorElements left, TensorElements right) => new(left.Value - right.Value);

    public static TensorElements operator *(TensorElements left, TensorElements right) => new(left.Value * right.Value);

    public static TensorElements operator /(TensorElements left, TensorElements right) => new(left.Value / right.Value);

    public static TensorElements operator +(TensorElements left, double right) => new(left.Value + right);

    public static TensorElements operator *(TensorElements left, double right) => new(left.Value * right);

    public static TensorElements Root(TensorElements value) => new(value.Value.sqrt());

    public static TensorElements Magnitude(TensorElements value) => new(value.Value.abs());

    public static TensorElements Sign(TensorElements value) => new(value.Value.sign());

    public static TensorElements Larger(TensorElements left, TensorElements right) => new(left.Value.maximum(right.Value));
}
