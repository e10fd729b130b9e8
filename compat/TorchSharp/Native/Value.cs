using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>What a <see cref="Value"/> or an <see cref="Argument"/> holds; the numbers are those of the shim.</summary>
internal enum Tag { None, Tensor, Int, Double, Bool, IntList, TensorList, OptionalTensorList, Generator, Device, String, DoubleList, Default }

/// <summary>An argument or a result as it crosses the border; the shim's struct of the same name has the same layout.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Value
{
    internal Tag Tag;
    internal int Count;
    internal long Bits;
}
