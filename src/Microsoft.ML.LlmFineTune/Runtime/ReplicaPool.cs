using System.Runtime.ExceptionServices;
using TorchSharp;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>
/// Threads that live as long as the pool, one a replica, each with its own number of intra-operator threads (libtorch and OpenMP keep that number per
/// thread). A pool of one replica has no thread of its own: its work runs in the caller's, with the caller's setting.
/// </summary>
/// <remarks>One <see cref="Run"/> at a time; not from inside the work.</remarks>
public sealed class ReplicaPool : IDisposable
{
    // libtorch's number of threads is kept per thread once a thread has read it, but new threads copy the one set last: only one pool at a time may play with that.
    private static readonly Lock Setting = new();

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _start;
    private readonly CountdownEvent _finished;
    private readonly Exception?[] _failures;
    private Action<int>? _body;
    private volatile bool _disposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="replicas">How many; at least 1.</param>
    /// <param name="threadsPerReplica">Intra-operator threads of each; at least 1.</param>
    public ReplicaPool(int replicas, int threadsPerReplica = 1)
    {
        Replicas = Require.AtLeast(replicas, 1);
        Require.AtLeast(threadsPerReplica, 1);
        _failures = new Exception?[replicas];
        _finished = new CountdownEvent(replicas);
        NativeRuntime.Initialize();
        _threads = new Thread[replicas == 1 ? 0 : replicas];
        _start = new SemaphoreSlim[_threads.Length];
        if (replicas == 1) return;

        for (int i = 0; i < replicas; i++)
        {
            int replica = i;
            _start[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Work(replica), maxStackSize: 16 << 20) { IsBackground = true, Name = $"replica {replica}" };
            _threads[i].Start();
        }
        lock (Setting)
        {
            Run(_ =>
            {
                _ = torch.get_num_threads();
                torch.set_num_threads(threadsPerReplica);
            });
            // What new threads will copy is put back, by a thread that does nothing else: the caller's own number is not touched.
            Thread restoring = new(() => torch.set_num_threads(NativeRuntime.Threads));
            restoring.Start();
            restoring.Join();
        }
    }

    /// <summary>How many replicas.</summary>
    public int Replicas { get; }

    /// <summary>Runs <paramref name="body"/> for 0 .. <see cref="Replicas"/> - 1, each number always in the same thread, and returns when all have returned.</summary>
    /// <exception cref="Exception">What the body of the lowest failing replica threw, with its stack.</exception>
    public void Run(Action<int> body)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentNullException.ThrowIfNull(body);
        if (_threads.Length == 0)
        {
            body(0);
            return;
        }
        _body = body;
        _finished.Reset();
        foreach (SemaphoreSlim start in _start) start.Release();
        _finished.Wait();
        _body = null;
        Exception? first = Array.Find(_failures, failure => failure is not null);
        if (first is null) return;
        Array.Clear(_failures);
        ExceptionDispatchInfo.Throw(first);
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        foreach (SemaphoreSlim start in _start) start?.Release();
        foreach (Thread thread in _threads) thread.Join();
        foreach (SemaphoreSlim start in _start) start.Dispose();
        _finished.Dispose();
    }

    private void Work(int replica)
    {
        while (true)
        {
            _start[replica].Wait();
            if (_disposed) return;
            try
            {
                _body!(replica);
            }
            // Whatever it is, the caller gets it.
#pragma warning disable CA1031
            catch (Exception failure)
#pragma warning restore CA1031
            {
                _failures[replica] = failure;
            }
            _finished.Signal();
        }
    }
}
