using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

public sealed class RandomStreamTests
{
    [Fact]
    public void Key_0_gives_SplitMix64s_published_values()
    {
        RandomStream stream = new(0);
        Assert.Equal([0xE220A8397B1DCDAFUL, 0x6E789E6AA1B965F4UL, 0x06C45D188009454FUL], [stream.NextUInt64(), stream.NextUInt64(), stream.NextUInt64()]);
    }

    [Fact]
    public void A_stream_continues_from_a_position()
    {
        RandomStream one = new(7);
        Assert.Equal(0UL, one.Reserve(5));
        Assert.Equal(one.NextUInt64(), new RandomStream(7, 5).NextUInt64());
        Assert.Equal(new RandomStream(7).At(5), new RandomStream(7, 5).NextUInt64());
    }

    [Fact]
    public void Purposes_steps_replicas_epochs_and_seeds_have_streams_of_their_own()
    {
        RandomStreams seed = new(3);
        RandomStream[] streams =
        [
            seed.Initialization, seed.Sampling, seed.Shuffle(0), seed.Shuffle(1), seed.Dropout(0, 0), seed.Dropout(0, 1), seed.Dropout(1, 0),
            new RandomStreams(4).Initialization, new RandomStreams(4).Dropout(0, 0),
        ];
        Assert.Equal(streams.Length, streams.Select(stream => stream.NextUInt64()).Distinct().Count());
        Assert.Equal(seed.Dropout(5, 2).NextUInt64(), new RandomStreams(3).Dropout(5, 2).NextUInt64());
    }

    [Fact]
    public void Draws_have_the_moments_of_their_distributions()
    {
        RandomStream stream = new(11);
        float[] normal = new float[200_000], uniform = new float[200_000];
        stream.FillNormal(normal, 1, 2);
        stream.FillUniform(uniform, -1, 3);
        Assert.Equal(1, normal.Average(), 0.02);
        Assert.Equal(4, normal.Average(x => (x - 1) * (x - 1)), 0.05);
        Assert.Equal(1, uniform.Average(), 0.02);
        Assert.Equal(16 / 12.0, uniform.Average(x => (x - 1) * (x - 1)), 0.02);
        Assert.All(uniform, x => Assert.InRange(x, -1, 3));
    }

    [Fact]
    public void Integers_and_shuffles_are_even()
    {
        RandomStream stream = new(12);
        int[] counts = new int[6];
        for (int i = 0; i < 60_000; i++) counts[stream.NextInt32(6)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_600, 10_400));

        int[] firsts = new int[4];
        for (int i = 0; i < 40_000; i++)
        {
            int[] items = [0, 1, 2, 3];
            stream.Shuffle<int>(items);
            Assert.Equal([0, 1, 2, 3], items.Order());
            firsts[items[0]]++;
        }
        Assert.All(firsts, count => Assert.InRange(count, 9_600, 10_400));
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.NextInt32(0));
    }
}
