using Microsoft.ML.LlmFineTune.Checkpoints;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

public sealed class GgufBlocksTests
{
    [Fact]
    public void Numbers_that_fit_come_back_as_they_were()
    {
        float[] whole = [.. Enumerable.Range(-16, 32).Select(i => MathF.Round(i * 127 / 16f))], back = new float[32];
        whole[0] = -127;
        byte[] bytes = new byte[GgufBlocks.Bytes8];
        GgufBlocks.Write8(whole, bytes);
        GgufBlocks.Read8(bytes, back);
        Assert.Equal(whole, back);

        float[] nibbles = [.. Enumerable.Range(0, 32).Select(i => (i % 16) - 8f)];
        bytes = new byte[GgufBlocks.Bytes4];
        GgufBlocks.Write4(nibbles, bytes);
        // The low halves of the bytes are the first sixteen numbers, the high ones the others.
        Assert.Equal((byte[])[0x00, 0x3C, 0x00, 0x11, 0x22], bytes[..5]);
        GgufBlocks.Read4(bytes, back);
        Assert.Equal(nibbles, back);
        Assert.Throws<ArgumentException>(() => GgufBlocks.Read4(bytes, new float[31]));
    }

    [Fact]
    public void Zeros_are_zeros()
    {
        float[] back = new float[32];
        byte[] eight = new byte[GgufBlocks.Bytes8], four = new byte[GgufBlocks.Bytes4];
        GgufBlocks.Write8(new float[32], eight);
        GgufBlocks.Write4(new float[32], four);
        GgufBlocks.Read8(eight, back);
        Assert.All(back, number => Assert.Equal(0, number));
        GgufBlocks.Read4(four, back);
        Assert.All(back, number => Assert.Equal(0, number));
    }
}
