using System.Runtime.InteropServices;

namespace TorchSharp.Native;

internal enum IndexKind { Single, NewAxis, Ellipsis, Truth, Tensor, Slice }

[Flags]
internal enum IndexParts { None = 0, Start = 1, Stop = 2, Step = 4 }

/// <summary>One item of an index expression; the shim's struct of the same name has the same layout.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexItem
{
    internal IndexKind Kind;
    internal IndexParts Parts;
    internal long Start, Stop, Step;
    internal nint Tensor;
}
