using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

/// <summary>Blocks that go back to the system when they are freed: mapped by themselves.</summary>
public sealed class FreedMemoryTests
{
    private const int Blocks = 512, Last = 16, Bytes = 4 << 20;

    [Fact]
    public void Blocks_are_mapped_where_that_is_asked_for()
    {
        NativeRuntime.Initialize();
        Assert.SkipUnless(NativeRuntime.AllocatorTuned, "The allocator is not glibc's, or its user has tuned it.");
        using IDisposable scope = NewDisposeScope();
        using IDisposable mapping = FreedMemory.MapBlocks();
        // A second user who ends does not end it for the first.
        FreedMemory.MapBlocks().Dispose();
        // Nothing is written into them. The first may find room in the heap that other tests have left.
        Tensor[] blocks = [.. Enumerable.Range(0, Blocks).Select(_ => empty([Bytes], dtype: ScalarType.Byte))];
        // A mapping begins at a page, and its block right behind the allocator's header; in the heap blocks begin anywhere.
        Assert.All(blocks[^Last..], block => Assert.InRange(PlaceInPage(block), 1, 64));
    }

    private static unsafe long PlaceInPage(Tensor tensor)
    {
        fixed (byte* first = &MemoryMarshal.GetReference(TensorMemory.Bytes(tensor))) return (nint)first % Environment.SystemPageSize;
    }
}
