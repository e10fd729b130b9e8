using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>The product with a matrix in NF4. Its dense form lives as long as one product: backward dequantises it again.</summary>
internal static unsafe class Nf4Product
{
    /// <summary>x W^T; differentiable in x alone.</summary>
    /// <param name="x">[.., columns].</param>
    /// <param name="weight">The matrix.</param>
    /// <returns>[.., rows].</returns>
    public static Tensor Apply(Tensor x, Nf4Blocks weight) => Nf4ProductFunction.apply(x, weight);

    /// <summary>The dense matrix: [rows, columns].</summary>
    public static Tensor Dequantize(Nf4Blocks weight)
    {
        using IDisposable withoutGradients = no_grad();
        Device device = weight.Packed.device;
        if (device.type != TorchSharp.DeviceType.CPU)
        {
            // Elsewhere than in the processor's memory the bytes come here and the numbers go there.
            using Tensor packed = weight.Packed.cpu(), scales = weight.Scales.cpu();
            using Tensor? codes = weight.ScaleCodes?.cpu();
            using Tensor here = Dequantize(weight with { Packed = packed, Scales = scales, ScaleCodes = codes });
            return here.to(device);
        }

        long count = weight.Rows * weight.Columns;
        Tensor numbers = empty([weight.Rows, weight.Columns]);
        if (weight.ScaleCodes is null) Nf4.Dequantize(TensorMemory.Pointer<byte>(weight.Packed), TensorMemory.Pointer<float>(weight.Scales), TensorMemory.Pointer<float>(numbers), count);
        else
        {
            int blocks = (int)weight.ScaleCodes.numel();
            float[] restored = ArrayPool<float>.Shared.Rent(blocks);
            Span<float> scales = MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(weight.Scales));
            Nf4.DequantizeScales(TensorMemory.Bytes(weight.ScaleCodes), scales[..^1], scales[^1], restored.AsSpan(0, blocks));
            fixed (float* scale = restored) Nf4.Dequantize(TensorMemory.Pointer<byte>(weight.Packed), scale, TensorMemory.Pointer<float>(numbers), count);
            ArrayPool<float>.Shared.Return(restored);
        }
        if (weight.Type == ScalarType.Float32) return numbers;
        using (numbers) return numbers.to(weight.Type);
    }
}

/// <summary>The product as a differentiable function.</summary>
internal sealed class Nf4ProductFunction : autograd.SingleTensorFunction<Nf4ProductFunction>
{
    private const string Matrix = "matrix";

    public override string Name => nameof(Nf4ProductFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor x, Nf4Blocks weight) = ((Tensor)vars[0], (Nf4Blocks)vars[1]);
        ctx.save_data(Matrix, weight);
        using Tensor dense = Nf4Product.Dequantize(weight);
        return nn.functional.linear(x, dense);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        Nf4Blocks weight = (Nf4Blocks)ctx.get_data(Matrix);
        Tensor dense = Nf4Product.Dequantize(weight);
        // For second derivatives the product is an operator, which keeps the dense matrix.
        if (KernelGradients.NeedDerivatives) return [grad_output.matmul(dense), null!];
        using (dense) return KernelGradients.HandOver(grad_output.matmul(dense), null);
    }
}
