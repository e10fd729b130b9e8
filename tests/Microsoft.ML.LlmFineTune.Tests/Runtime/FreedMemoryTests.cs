using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

/// <summary>What is freed leaves the process at once where that is asked for.</summary>
public sealed class FreedMemoryTests
{
    private const int Blocks = 64, Bytes = 4 << 20, Attempts = 10;

    [Fact]
    public void Mapped_blocks_go_back_when_they_are_freed()
    {
        NativeRuntime.Initialize();
        if (!NativeRuntime.AllocatorTuned) return;
        using IDisposable mapping = FreedMemory.MapBlocks();
        // A second user who ends does not end it for the first.
        FreedMemory.MapBlocks().Dispose();
        // Other tests take memory meanwhile, but not each time; what stays in the heap would never go back.
        Assert.InRange(Enumerable.Range(0, Attempts).Max(_ => GivenBack()), Blocks * (long)Bytes * 3 / 4, long.MaxValue);
    }

    private static long GivenBack()
    {
        List<Tensor> tensors = [.. Enumerable.Range(0, Blocks).Select(_ => ones([Bytes], dtype: ScalarType.Byte))];
        long full = PeakMemory.Now!.Value;
        tensors.ForEach(tensor => tensor.Dispose());
        return full - PeakMemory.Now!.Value;
    }
}
