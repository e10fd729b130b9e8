using System.Collections.Concurrent;

namespace Microsoft.ML.Data;

/// <summary>Batches on their way from the threads that make them to those that use them, a few ahead.</summary>
/// <param name="failure">What a reader is told of an exception of a maker.</param>
internal sealed class BatchQueue(Func<Exception, Exception> failure)
{
    private const int BatchesAhead = 4;

    private readonly BlockingCollection<RowBatch> _batches = new(BatchesAhead);
    private readonly CancellationTokenSource _stop = new();

    public bool IsStopped => _stop.IsCancellationRequested;

    public void Add(RowBatch batch) => _batches.Add(batch, _stop.Token);

    public void Fail(Exception ex)
    {
        try
        {
            Add(new RowBatch(ex));
        }
        catch (OperationCanceledException)
        {
            // Nobody reads any more.
        }
    }

    public void Complete() => _batches.CompleteAdding();

    public void Stop() => _stop.Cancel();

    public RowBatch TakeOrNull()
    {
        if (!_batches.TryTake(out var batch, Timeout.Infinite))
            return null;
        if (batch.Error != null)
            throw failure(batch.Error);
        return batch;
    }
}
