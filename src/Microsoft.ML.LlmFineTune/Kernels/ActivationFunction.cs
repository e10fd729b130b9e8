using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>An activation as vectors. Implemented by structs, so that the loops over it are compiled for it alone and it is inlined.</summary>
internal interface IActivation
{
    /// <summary>The value.</summary>
    static abstract Vector512<float> Value(Vector512<float> x);

    /// <summary>The derivative.</summary>
    static abstract Vector512<float> Slope(Vector512<float> x);

    /// <summary>The same, composed of operators.</summary>
    static abstract Tensor Composed(Tensor x);
}

/// <summary>An activation over dense float32 memory, recomputed in backward from its saved input.</summary>
internal abstract unsafe class ActivationFunction<TFunction, TActivation> : autograd.SingleTensorFunction<TFunction>
    where TFunction : ActivationFunction<TFunction, TActivation>, new()
    where TActivation : struct, IActivation
{
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0];
        ctx.save_for_backward([x]);
        Tensor y = empty_like(x);
        ActivationLoops<TActivation>.Values(TensorMemory.Pointer<float>(x), TensorMemory.Pointer<float>(y), x.numel());
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        Tensor x = ctx.get_saved_variables()[0];
        if (KernelGradients.NeedDerivatives) return KernelGradients.Composed(inputs => TActivation.Composed(inputs[0]), [x], grad_output);
        Tensor dense = KernelGradients.Dense(grad_output), gradient = empty_like(x);
        ActivationLoops<TActivation>.Gradients(TensorMemory.Pointer<float>(x), TensorMemory.Pointer<float>(dense), TensorMemory.Pointer<float>(gradient), x.numel());
        x.Dispose();
        dense.Dispose();
        return KernelGradients.HandOver(gradient);
    }
}

/// <summary>The loops, outside of the class above: code of a class that has a class as type argument is shared, and inlines nothing of it.</summary>
internal static unsafe class ActivationLoops<TActivation> where TActivation : struct, IActivation
{
    public static void Values(float* x, float* y, long count)
    {
        long i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count) TActivation.Value(Vector512.Load(x + i)).Store(y + i);
        for (; i < count; i++) y[i] = TActivation.Value(Vector512.Create(x[i])).ToScalar();
    }

    public static void Gradients(float* x, float* above, float* gradient, long count)
    {
        long i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count) (TActivation.Slope(Vector512.Load(x + i)) * Vector512.Load(above + i)).Store(gradient + i);
        for (; i < count; i++) gradient[i] = TActivation.Slope(Vector512.Create(x[i])).ToScalar() * above[i];
    }
}
