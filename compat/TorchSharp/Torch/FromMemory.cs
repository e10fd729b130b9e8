using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

// Tensors from managed memory: copied, or shared with an array that stays pinned as long as libtorch uses it.
public static unsafe partial class torch
{
    private static Tensor Copy<T>(ReadOnlySpan<T> data, ReadOnlySpan<long> sizes, ScalarType? dtype, Device? device, bool requires_grad, string[]? names = null) where T : unmanaged =>
        Copy(MemoryMarshal.AsBytes(data), data.Length, TypeOf(typeof(T)), sizes, dtype, device, requires_grad, names);

    private static Tensor CopyArray<T>(Array data, ScalarType? dtype, Device? device, bool requires_grad, string[]? names) where T : unmanaged
    {
        var all = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(data)), data.Length);
        return Copy(all, Sizes(data), dtype, device, requires_grad, names);
    }

    private static Tensor Copy(ReadOnlySpan<byte> data, long elements, ScalarType own, ReadOnlySpan<long> sizes, ScalarType? dtype, Device? device, bool requires_grad, string[]? names)
    {
        RequireElements(sizes, elements);
        device = InitializeDevice(device);
        var made = Ops.EmptyMemoryFormat.Call(sizes.ToArray(), own, Argument.None, CPU);
        var room = new Span<byte>((void*)made.Address, checked((int)(made.numel() * made.ElementSize)));
        data[..room.Length].CopyTo(room);
        return Finish(Converted(made, dtype ?? own, device), requires_grad, names);
    }

    private static Tensor Converted(Tensor made, ScalarType dtype, Device device) => dtype == made.dtype && device.type == DeviceType.CPU ? made : made.to(dtype, device, disposeAfter: true);

    private static void RequireElements(ReadOnlySpan<long> sizes, long elements)
    {
        var needed = 1L;
        foreach (var s in sizes) needed *= s;
        if (needed > elements) throw new ArgumentException($"mismatched total size creating a tensor from an array: {needed} vs. {elements}");
    }

    private static long[] Sizes(Array data)
    {
        var sizes = new long[data.Rank];
        for (var d = 0; d < sizes.Length; d++) sizes[d] = data.GetLength(d);
        return sizes;
    }

    /// <summary>Shares the memory of the array where type and device allow it.</summary>
    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, null, device ?? CPU);
    public static Tensor from_array(Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        device = InitializeDevice(device);
        var shared = Share(rawArray, 0, Sizes(rawArray));
        return Finish(Converted(shared, dtype ?? shared.dtype, device), requires_grad, names);
    }
    /// <summary>Maps a file into memory: [size]. Not shared (the default), what is written to the tensor stays in this process; shared, it goes to the file, which is made and grows as needed. A file that is cut while it is mapped ends the process.</summary>
    /// <param name="filename">The file.</param>
    /// <param name="shared">Null: no.</param>
    /// <param name="size">How many elements; the file isn't asked. Null: none.</param>
    /// <param name="dtype">Their type; null: the default one.</param>
    /// <param name="device">Only the processor will do.</param>
    /// <param name="requires_grad">Whether the tensor gets a gradient.</param>
    public static Tensor from_file(string filename, bool? shared = null, long? size = 0, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        ArgumentNullException.ThrowIfNull(filename);
        device = InitializeDevice(device);
        // -1 is how the genuine library says null.
        if (size == -1) size = null;
        return Finish(Ops.FromFile.Call(Argument.Text(filename), Argument.Maybe(shared), Argument.Maybe(size), dtype ?? _defaultType, Argument.None, device), requires_grad);
    }
    public static Tensor as_tensor(Array data, ScalarType? dtype = null, Device? device = null) => from_array(data, dtype, device);
    public static Tensor as_tensor(Tensor data, ScalarType? dtype = null, Device? device = null) => data.to(dtype ?? data.dtype, device ?? data.device);

    public static Tensor frombuffer(Array rawArray, ScalarType dtype, long count = -1, long offset = 0, bool requires_grad = false)
    {
        var length = rawArray.LongLength;
        if (offset < 0 || offset >= length) throw new ArgumentException($"invalid value for 'offset': {offset}");
        if (count < 0) count = length - offset;
        if (count > length - offset) throw new IndexOutOfRangeException($"element count is too large: {count}");
        return Finish(Converted(Share(rawArray, offset, [count]), dtype, CPU), requires_grad);
    }

    private static Tensor Share(Array data, long offset, long[] sizes)
    {
        var element = data.GetType().GetElementType()!;
        var type = TypeOf(element);
        var pin = GCHandle.Alloc(data, GCHandleType.Pinned);
        fixed (long* s = sizes)
        {
            var start = (byte*)pin.AddrOfPinnedObject() + offset * Width(type);
            var handle = Shim.llm_from_blob(start, s, sizes.Length, (int)type, &Unpin, GCHandle.ToIntPtr(pin));
            if (handle != 0) return new Tensor(handle);
        }
        pin.Free();
        throw Shim.Failure();
    }

    private static int Width(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
        _ => 1,
    };

    [UnmanagedCallersOnly]
    private static void Unpin(nint state) => GCHandle.FromIntPtr(state).Free();
}
