using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// Reads one cursor on several threads and keeps the order of its rows. A splitter thread copies batches of rows out of the source; several cursors take the batches as they come,
/// and what maps rows stands on top of these; a consolidating cursor runs each of them on a thread of its own and hands the batches out by their numbers.
/// Every active column of every row is computed, ahead of the reader.
/// </summary>
internal static class ParallelCursors
{
    private const int RowsPerBatch = 128;

    public static int ThreadCount { get; } = Math.Max(2, Environment.ProcessorCount - 1);

    /// <summary>Whether values of these columns can be copied from thread to thread.</summary>
    public static bool CanCarry(IEnumerable<DataViewSchema.Column> columns) => columns.All(column => column.Type is PrimitiveDataViewType or VectorDataViewType);

    /// <summary>Shares the rows of a cursor out to several cursors, which are to be read at the same time.</summary>
    public static DataViewRowCursor[] Split(IChannelProvider provider, DataViewRowCursor input, int count)
        => count > 1 && CanCarry(input.Schema.Where(input.IsColumnActive)) ? Share(provider, input, count, WorkerFailed) : [input];

    /// <summary>Reads a cursor on a thread of its own.</summary>
    public static DataViewRowCursor ReadAhead(IChannelProvider provider, DataViewRowCursor input, Func<Exception, Exception> failure) => Share(provider, input, 1, failure)[0];

    private static Exception WorkerFailed(Exception ex) => Contracts.Except(ex, "Splitter/consolidator worker encountered exception while consuming source data");

    private static DataViewRowCursor[] Share(IChannelProvider provider, DataViewRowCursor input, int count, Func<Exception, Exception> failure)
    {
        var active = input.Schema.Where(input.IsColumnActive).ToArray();
        var batches = new BatchQueue(failure);
        int readers = count;
        var thread = Start(() =>
        {
            using (input)
            {
                var collector = new BatchCollector(input, active);
                long number = 0;
                while (!batches.IsStopped && input.MoveNext())
                    if (collector.Add() == RowsPerBatch)
                        batches.Add(collector.Take(number++));
                if (collector.Count > 0)
                    batches.Add(collector.Take(number));
            }
        }, batches, batches.Complete);
        void Close()
        {
            // The source ends when the last reader has gone.
            if (Interlocked.Decrement(ref readers) > 0)
                return;
            batches.Stop();
            thread.Join();
        }
        return Enumerable.Range(0, count).Select(_ => (DataViewRowCursor)new BatchCursor(provider, input.Schema, active, batches, Close)).ToArray();
    }

    /// <summary>One cursor over several, by the numbers of their batches.</summary>
    public static DataViewRowCursor Consolidate(IChannelProvider provider, DataViewRowCursor[] inputs)
    {
        if (inputs.Length == 1)
            return inputs[0];
        var active = inputs[0].Schema.Where(inputs[0].IsColumnActive).ToArray();
        var batches = new BatchQueue(WorkerFailed);
        var turns = new Turns(inputs.Length);
        int running = inputs.Length;
        var threads = inputs.Select((input, worker) => Start(() =>
        {
            using (input)
            {
                var collector = new BatchCollector(input, active);
                long number = 0;
                void Push()
                {
                    if (collector.Count > 0 && turns.Wait(worker, () => batches.IsStopped))
                        batches.Add(collector.Take(number));
                }
                while (!batches.IsStopped && input.MoveNext())
                {
                    if (collector.Count > 0 && input.Batch != number)
                        Push();
                    if (collector.Count == 0)
                        turns.Register(worker, number = input.Batch);
                    collector.Add();
                }
                Push();
            }
        }, batches, () =>
        {
            turns.Retire(worker);
            if (Interlocked.Decrement(ref running) == 0)
                batches.Complete();
        })).ToArray();
        void Close()
        {
            batches.Stop();
            turns.Wake();
            foreach (var thread in threads)
                thread.Join();
        }
        return new BatchCursor(provider, inputs[0].Schema, active, batches, Close);
    }

    private static Thread Start(Action body, BatchQueue batches, Action onEnd)
    {
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (OperationCanceledException) when (batches.IsStopped)
            {
                // The reader has gone.
            }
            catch (Exception ex)
            {
                batches.Fail(ex);
            }
            finally
            {
                onEnd();
            }
        })
        { IsBackground = true };
        thread.Start();
        return thread;
    }
}
