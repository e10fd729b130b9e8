using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>Tensors as plain memory.</summary>
internal static unsafe class TensorMemory
{
    // Several huge pages: below that there is no time to be won.
    private const long LeastForHugePages = 16 << 20;

    /// <summary>Whether a tensor is dense float32 in the processor's memory, as kernels want it.</summary>
    public static bool IsDenseFloat(Tensor tensor) => IsDense<float>(tensor);

    /// <summary>Whether a tensor is dense in the processor's memory, of numbers of the given type (float or double).</summary>
    public static bool IsDense<T>(Tensor tensor) where T : unmanaged =>
        tensor.dtype == (typeof(T) == typeof(float) ? ScalarType.Float32 : ScalarType.Float64) && tensor.device_type == DeviceType.CPU && tensor.is_contiguous();

    /// <summary>The address of the first element of a dense tensor in the processor's memory; null when it has no element. Valid as long as the tensor's storage.</summary>
    public static T* Pointer<T>(Tensor tensor) where T : unmanaged
    {
        long elements = tensor.numel();
        if (elements == 0) return null;
        // `bytes` refuses tensors of 2 GiB and more; their first element has the same address.
        if (elements * tensor.ElementSize <= int.MaxValue) return (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
        using Tensor flat = tensor.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    /// <summary>The elements of a dense float32 tensor of less than 2^31 elements.</summary>
    public static Span<float> Floats(Tensor tensor) => new(Pointer<float>(tensor), checked((int)tensor.numel()));

    /// <summary>The bytes of a dense tensor of less than 2^31 of them.</summary>
    public static Span<byte> Bytes(Tensor tensor) => new(Pointer<byte>(tensor), checked((int)(tensor.numel() * tensor.ElementSize)));

    /// <summary>Says that tensors are about to be made, and filled for the first time, that together have so many bytes of the processor's memory: on Linux it then comes in huge pages.</summary>
    /// <remarks>
    /// The allocator writes a few bytes of its own before each block, and where a small page is there already, no huge one comes. So the heap grows, and is told, before the first block is taken. Where
    /// the allocator gives what is freed back at once, nothing is won and little lost.
    /// </remarks>
    /// <param name="bytes">At least 0.</param>
    /// <returns>To be disposed when the tensors are made; null where there is nothing to do.</returns>
    public static IDisposable? ExpectHugePages(long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes < LeastForHugePages) return null;
        using Tensor room = empty(bytes, dtype: ScalarType.Byte);
        PreferHugePages(room);
        // What is freed at the end of the heap goes back to the system where it is much: this stands behind it.
        return empty(LeastForHugePages, dtype: ScalarType.Byte).DetachFromDisposeScope();
    }

    /// <summary>Says that a tensor's memory is about to be filled for the first time: on Linux it then comes in huge pages, which takes a third of the time.</summary>
    /// <param name="tensor">Dense in any order of its dimensions; elsewhere than in the processor's memory, or of few bytes, it is left as it is.</param>
    public static void PreferHugePages(Tensor tensor)
    {
        if (!OperatingSystem.IsLinux() || tensor.device_type != DeviceType.CPU || tensor.numel() == 0) return;
        using Tensor inOrder = tensor.dim() == 2 ? tensor.t() : tensor.alias();
        Tensor dense = tensor.is_contiguous() ? tensor : inOrder;
        if (dense.is_contiguous()) NativeLibraries.PreferHugePages((nint)Pointer<byte>(dense), dense.numel() * dense.ElementSize);
    }
}
