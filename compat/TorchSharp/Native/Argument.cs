using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>
/// An argument of an operator, made by implicit conversion. It holds the managed object, so that a tensor lives as long as the call that uses it.
/// Conversions from references refuse null; where the operator allows none, say <c>Maybe</c>.
/// </summary>
internal readonly struct Argument
{
    internal readonly object? Reference;
    internal readonly long Bits;
    internal readonly Tag Tag;

    private Argument(Tag tag, long bits, object? reference = null) => (Tag, Bits, Reference) = (tag, bits, reference);

    /// <summary>None.</summary>
    internal static Argument None => default;
    /// <summary>What the operator's schema says.</summary>
    internal static Argument Default => new(Tag.Default, 0);

    public static implicit operator Argument(Tensor t) => new(Tag.Tensor, t.Handle, t);
    public static implicit operator Argument(long value) => new(Tag.Int, value);
    public static implicit operator Argument(int value) => new(Tag.Int, value);
    public static implicit operator Argument(ScalarType value) => new(Tag.Int, (long)value);
    public static implicit operator Argument(bool value) => new(Tag.Bool, value ? 1 : 0);
    public static implicit operator Argument(double value) => new(Tag.Double, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Argument(Scalar value) => value.Argument;
    public static implicit operator Argument(long[] list) => new(Tag.IntList, list.Length, list);
    public static implicit operator Argument(Tensor[] list) => new(Tag.TensorList, list.Length, list);
    public static implicit operator Argument(Device device) => new(Tag.Device, device.Packed);
    public static implicit operator Argument(Generator generator) => new(Tag.Generator, generator.Handle, generator);

    internal static Argument Maybe(Tensor? t) => t is null ? None : t;
    internal static Argument Maybe(long? value) => value is { } v ? v : None;
    internal static Argument Maybe(int? value) => value is { } v ? v : None;
    internal static Argument Maybe(bool? value) => value is { } v ? v : None;
    internal static Argument Maybe(double? value) => value is { } v ? v : None;
    internal static Argument Maybe(ScalarType? value) => value is { } v ? v : None;
    internal static Argument Maybe(Scalar? value) => value is null ? None : value.Argument;
    internal static Argument Maybe(Generator? generator) => generator is null ? None : generator;
    internal static Argument Maybe(long[]? list) => list is null ? None : list;
    internal static Argument OptionalTensors(Tensor?[] list) => new(Tag.OptionalTensorList, list.Length, list);

    /// <summary>A text, as UTF-8 that lives as long as the argument: one that is always the same is best kept in a static field.</summary>
    internal static unsafe Argument Text(string text)
    {
        var bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(text), pinned: true);
        Encoding.UTF8.GetBytes(text, bytes);
        return new Argument(Tag.String, (nint)Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0), bytes);
    }
}
