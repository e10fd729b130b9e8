using System.Collections.Concurrent;
using Microsoft.ML.Internal.Utilities;
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
    private const int BatchesAhead = 4;

    public static int ThreadCount { get; } = Math.Max(2, Environment.ProcessorCount - 1);

    /// <summary>Whether values of these columns can be copied from thread to thread.</summary>
    public static bool CanCarry(IEnumerable<DataViewSchema.Column> columns) => columns.All(column => column.Type is PrimitiveDataViewType or VectorDataViewType);

    /// <summary>Shares the rows of a cursor out to several cursors, which are to be read at the same time.</summary>
    public static DataViewRowCursor[] Split(IChannelProvider provider, DataViewRowCursor input, int count)
    {
        return count > 1 && CanCarry(input.Schema.Where(input.IsColumnActive)) ? Share(provider, input, count, WorkerFailed) : [input];
    }

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
        }, batches.Fail, batches.Complete);
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
        }, batches.Fail, () =>
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

    private static Thread Start(Action body, Action<Exception> onError, Action onEnd)
    {
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (OperationCanceledException)
            {
                // The reader has gone.
            }
            catch (Exception ex)
            {
                onError(ex);
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

    /// <summary>A worker may hand out its batch when no other one can still come with an earlier batch.</summary>
    private sealed class Turns(int workers)
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

    private sealed class BatchQueue(Func<Exception, Exception> failure)
    {
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

    /// <summary>Values of the active columns, and ids, of some rows that follow each other.</summary>
    private sealed class RowBatch
    {
        public readonly Array[] Columns;
        public readonly int Count;
        public readonly long Number;
        public readonly Exception Error;

        public RowBatch(Array[] columns, int count, long number)
        {
            Columns = columns;
            Count = count;
            Number = number;
        }

        public RowBatch(Exception error) => Error = error;
    }

    private sealed class BatchCollector
    {
        private readonly ColumnCollector[] _columns;

        public BatchCollector(DataViewRowCursor cursor, DataViewSchema.Column[] active)
            => _columns = active.Select(column => Utils.MarshalInvoke(Collector<int>, column.Type.RawType, cursor, column))
                .Append(new ColumnCollector<DataViewRowId>(cursor.GetIdGetter())).ToArray();

        private static ColumnCollector Collector<T>(DataViewRowCursor cursor, DataViewSchema.Column column) => new ColumnCollector<T>(cursor.GetGetter<T>(column));

        public int Count { get; private set; }

        public int Add()
        {
            foreach (var column in _columns)
                column.Fill(Count);
            return ++Count;
        }

        public RowBatch Take(long number)
        {
            var batch = new RowBatch(Array.ConvertAll(_columns, column => column.Take()), Count, number);
            Count = 0;
            return batch;
        }
    }

    private abstract class ColumnCollector
    {
        public abstract void Fill(int row);

        public abstract Array Take();
    }

    private sealed class ColumnCollector<T>(ValueGetter<T> getter) : ColumnCollector
    {
        private T[] _values = [];

        public override void Fill(int row)
        {
            if (row == _values.Length)
                Array.Resize(ref _values, Math.Max(8, 2 * row));
            getter(ref _values[row]);
        }

        public override Array Take()
        {
            var values = _values;
            _values = [];
            return values;
        }
    }

    private sealed class BatchCursor : RootCursorBase
    {
        private readonly DataViewSchema.Column[] _active;
        private readonly int[] _slots;
        private readonly BatchQueue _batches;
        private readonly Action _close;
        private RowBatch _batch;
        private int _row;
        private bool _disposed;

        public BatchCursor(IChannelProvider provider, DataViewSchema schema, DataViewSchema.Column[] active, BatchQueue batches, Action close) : base(provider)
        {
            Schema = schema;
            _active = active;
            _slots = Enumerable.Repeat(-1, schema.Count).ToArray();
            for (int i = 0; i < active.Length; i++)
                _slots[active[i].Index] = i;
            _batches = batches;
            _close = close;
        }

        public override DataViewSchema Schema { get; }

        public override long Batch => _batch?.Number ?? 0;

        protected override bool MoveNextCore()
        {
            if (_batch != null && ++_row < _batch.Count)
                return true;
            _batch = _batches.TakeOrNull();
            _row = 0;
            return _batch != null;
        }

        public override bool IsColumnActive(DataViewSchema.Column column)
        {
            Ch.CheckParam(column.Index < _slots.Length, nameof(column));
            return _slots[column.Index] >= 0;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => Getter<DataViewRowId>(_active.Length);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Ch.CheckParam(IsColumnActive(column), nameof(column), "requested column not active.");
            if (column.Type.RawType != typeof(TValue))
                throw Ch.Except($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
            int slot = _slots[column.Index];
            return column.Type is VectorDataViewType vector
                ? (ValueGetter<TValue>)Utils.MarshalInvoke(VectorGetter<int>, vector.ItemType.RawType, slot)
                : Getter<TValue>(slot);
        }

        private ValueGetter<T> Getter<T>(int slot) => (ref T value) => value = Values<T>(slot)[_row];

        // The reader gets a copy: it may write into what it was given.
        private Delegate VectorGetter<T>(int slot) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Values<VBuffer<T>>(slot)[_row].CopyTo(ref value));

        private T[] Values<T>(int slot)
        {
            Ch.Check(IsGood, RowCursorUtils.FetchValueStateError);
            return (T[])_batch.Columns[slot];
        }

        protected override void Dispose(bool disposing)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (disposing)
                _close();
            base.Dispose(disposing);
        }
    }
}
