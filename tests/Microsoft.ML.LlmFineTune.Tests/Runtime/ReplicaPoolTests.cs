using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

public sealed class ReplicaPoolTests
{
    public ReplicaPoolTests() => NativeRuntime.Initialize();

    [Fact]
    public void Each_number_keeps_its_thread_and_its_thread_count()
    {
        int before = torch.get_num_threads();
        using ReplicaPool pool = new(3, threadsPerReplica: 1);
        int[] first = new int[3], second = new int[3], counts = new int[3];
        pool.Run(replica => first[replica] = Environment.CurrentManagedThreadId);
        pool.Run(replica => (second[replica], counts[replica]) = (Environment.CurrentManagedThreadId, torch.get_num_threads()));
        Assert.Equal(first, second);
        Assert.Equal(3, first.Distinct().Count());
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, first);
        Assert.Equal([1, 1, 1], counts);
        Assert.Equal(before, torch.get_num_threads());
    }

    [Fact]
    public void A_pool_of_one_works_in_the_callers_thread()
    {
        using ReplicaPool pool = new(1);
        int thread = 0;
        pool.Run(_ => thread = Environment.CurrentManagedThreadId);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public void The_first_replicas_exception_arrives_after_all_have_ended_and_the_pool_lives_on()
    {
        using ReplicaPool pool = new(3);
        int ended = 0;
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => pool.Run(replica =>
        {
            Interlocked.Increment(ref ended);
            if (replica > 0) throw new InvalidOperationException($"replica {replica}");
        }));
        Assert.Equal(("replica 1", 3), (thrown.Message, ended));
        pool.Run(_ => Interlocked.Increment(ref ended));
        Assert.Equal(6, ended);
    }

    [Fact]
    public void Disposed_it_refuses()
    {
        ReplicaPool pool = new(2);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Run(_ => { }));
    }
}
