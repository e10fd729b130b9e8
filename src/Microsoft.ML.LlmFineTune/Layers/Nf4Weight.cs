using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// A matrix in NF4 (Dettmers et al.: "QLoRA: Efficient Finetuning of Quantized LLMs", 2023): four bits a number, a scale for every 64 numbers, which by default is itself kept in eight bits.
/// It is dequantised whenever it is read, and never kept so. It is never trained.
/// </summary>
public sealed class Nf4Weight : nn.Module
{
    // Registered by name, so that replicas share them and they move with the model.
    private readonly Tensor packed;
    private readonly Tensor scales;
    private readonly Tensor? scaleCodes;

    /// <summary>A matrix whose numbers are not filled in.</summary>
    /// <param name="rows">At least 1.</param>
    /// <param name="columns">At least 1.</param>
    /// <param name="isDouble">Whether the scales are quantised, too.</param>
    /// <param name="dtype">Type of the numbers when dequantised.</param>
    internal Nf4Weight(long rows, long columns, bool isDouble, ScalarType dtype) : base(nameof(Nf4Weight))
    {
        (Rows, Columns, IsDouble, Type) = (Require.AtLeast(rows, 1), Require.AtLeast(columns, 1), isDouble, dtype);
        long blocks = Nf4.Blocks(rows * columns);
        packed = zeros([Nf4.PackedBytes(rows * columns)], dtype: ScalarType.Byte).DetachFromDisposeScope();
        // With double quantisation: the largest of each 256 scales, and last the mean of all. Registered as bytes, because a model that is converted to another type converts what is floating point in it.
        scales = zeros([sizeof(float) * (isDouble ? Nf4.ScaleBlocks(blocks) + 1 : blocks)], dtype: ScalarType.Byte).DetachFromDisposeScope();
        scaleCodes = isDouble ? zeros([blocks], dtype: ScalarType.Byte).DetachFromDisposeScope() : null;
        RegisterComponents();
    }

    /// <summary>Rows of the matrix.</summary>
    public long Rows { get; }

    /// <summary>Columns of the matrix.</summary>
    public long Columns { get; }

    /// <summary>Whether the scales are quantised, too.</summary>
    public bool IsDouble { get; }

    /// <summary>Type of the numbers when dequantised by themselves; a layer's are of the layer's type.</summary>
    public ScalarType Type { get; }

    /// <summary>Memory of the matrix, in bytes.</summary>
    public long Bytes => packed.numel() + scales.numel() + (scaleCodes?.numel() ?? 0);

    /// <summary>Memory of a matrix of some numbers, in bytes.</summary>
    internal static long BytesOf(long numbers, bool isDouble)
    {
        long blocks = Nf4.Blocks(numbers);
        return Nf4.PackedBytes(numbers) + (isDouble ? ((Nf4.ScaleBlocks(blocks) + 1) * sizeof(float)) + blocks : blocks * sizeof(float));
    }

    /// <summary>The matrix for the kernel.</summary>
    /// <param name="type">Type of its numbers when dequantised.</param>
    internal Nf4Blocks Blocks(ScalarType type) => new(packed, scales, scaleCodes, Rows, Columns, type);

    /// <summary>Quantises a matrix.</summary>
    /// <param name="weight">[rows, columns] in the processor's memory.</param>
    /// <param name="isDouble">Whether the scales are quantised, too.</param>
    public static Nf4Weight Of(Tensor weight, bool isDouble = true)
    {
        Require.NotNull(weight);
        Require.Argument(weight.dim() == 2 && weight.device_type == TorchSharp.DeviceType.CPU, $"NF4 takes a matrix in the processor's memory; received [{string.Join(", ", weight.shape)}] on {weight.device_type}. Quantise before the model is moved.", nameof(weight));
        Nf4Weight quantized = new(weight.size(0), weight.size(1), isDouble, weight.dtype);
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor dense = weight.detach().to(ScalarType.Float32).contiguous();
        Span<float> numbers = TensorMemory.Floats(dense);
        float[] absoluteMaxima = new float[Nf4.Blocks(numbers.Length)];
        Nf4.Quantize(numbers, TensorMemory.Bytes(quantized.packed), absoluteMaxima);
        Span<float> scales = MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(quantized.scales));
        if (quantized.scaleCodes is null) absoluteMaxima.CopyTo(scales);
        else
        {
            scales[^1] = Nf4.QuantizeScales(absoluteMaxima, TensorMemory.Bytes(quantized.scaleCodes), scales[..^1]);
        }
        return quantized;
    }

    /// <summary>The numbers that the four bits stand for.</summary>
    /// <returns>[rows, columns] of <see cref="Type"/>.</returns>
    public Tensor Dequantize() => Nf4Product.Dequantize(Blocks(Type));
}
