namespace Microsoft.ML.Data;

/// <summary>A worker may hand out its batch when no other one can still come with an earlier batch.</summary>
internal sealed class Turns(int workers)
{
    private readonly object _gate = new();
    private readonly long[] _current = Enumerable.Repeat(-1L, workers).ToArray();

    public void Register(int worker, long batch)
    {
        lock (_gate)
        {
            _current[worker] = batch;
            Monitor.PulseAll(_gate);
        }
    }

    public void Retire(int worker) => Register(worker, long.MaxValue);

    public void Wake()
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    /// <summary>False when the reader has gone.</summary>
    public bool Wait(int worker, Func<bool> stopped)
    {
        lock (_gate)
        {
            while (_current.Min() < _current[worker])
            {
                if (stopped())
                    return false;
                Monitor.Wait(_gate);
            }
        }
        return true;
    }
}
