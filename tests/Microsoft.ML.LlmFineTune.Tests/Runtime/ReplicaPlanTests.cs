using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

public sealed class ReplicaPlanTests
{
    [Theory]
    // cores, parameters, rows, tokens -> replicas, threads
    [InlineData(2, 800_000, 12, 768, 2, 1)]          // nanoGPT's CPU configuration
    [InlineData(16, 800_000, 12, 768, 12, 1)]        // no more replicas than rows (and than 64 tokens each)
    [InlineData(16, 800_000, 64, 640, 10, 1)]        // 64 tokens a replica
    [InlineData(8, 800_000, 2, 100_000, 2, 4)]       // cores left over become intra-operator threads
    [InlineData(8, 300_000_000, 64, 65_536, 3, 2)]   // gradients within 4 GiB
    [InlineData(8, 7_000_000_000, 64, 65_536, 1, 8)] // not even one replica more
    [InlineData(4, 1_000, 1, 10, 1, 4)]
    public void Sizes_decide(int cores, long parameters, long rows, long tokens, int replicas, int threads)
    {
        ReplicaPlan plan = ReplicaPlan.For(cores, parameters, rows, tokens, DeviceType.CPU);
        Assert.Equal((replicas, threads), (plan.Replicas, plan.ThreadsPerReplica));
        Assert.NotEmpty(plan.Reason);
    }

    [Fact]
    public void A_request_wins_but_for_the_rows()
    {
        Assert.Equal((4, 2), Sizes(ReplicaPlan.For(8, 1_000, 100, 10, DeviceType.CPU, requested: 4)));
        Assert.Equal((3, 2), Sizes(ReplicaPlan.For(8, 1_000, 3, 10, DeviceType.CPU, requested: 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => ReplicaPlan.For(8, 1_000, 3, 10, DeviceType.CPU, requested: 0));
    }

    [Fact]
    public void A_GPU_has_one() => Assert.Equal(1, ReplicaPlan.For(16, 1_000, 64, 65_536, DeviceType.CUDA).Replicas);

    private static (int, int) Sizes(ReplicaPlan plan) => (plan.Replicas, plan.ThreadsPerReplica);
}
