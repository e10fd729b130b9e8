using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Holds the values of a view's columns in memory. Columns are read when they are first asked for, those asked for together in one walk, on a thread of their own.</summary>
internal sealed class CacheDataView : IDataView
{
    private const int RowsPerBatch = 64;

    private readonly IHost _host;
    private readonly IDataView _source;
    private readonly Lock _lock = new();
    private readonly Fill[] _columns;
    private Fill _lastFill;
    private long? _rowCount;

    public CacheDataView(IHostEnvironment env, IDataView input, int[] prefetch)
    {
        _host = env.Register("Cache");
        _host.CheckValue(input, nameof(input));
        _source = input;
        _columns = new Fill[input.Schema.Count];
        _rowCount = input.GetRowCount();
        if (prefetch?.Length > 0)
            StartFilling(prefetch);
    }

    public DataViewSchema Schema => _source.Schema;

    public bool CanShuffle => true;

    public long? GetRowCount() => _rowCount;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var active = Utils.BuildArray(Schema.Count, columnsNeeded);
        var fills = FillsOf(active);
        return new Cursor(this, active, fills, Order(fills, rand), new());
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var active = Utils.BuildArray(Schema.Count, columnsNeeded);
        var fills = FillsOf(active);
        var order = Order(fills, rand);
        var shared = new BatchCounter();
        return Enumerable.Range(0, Math.Max(1, n)).Select(_ => (DataViewRowCursor)new Cursor(this, active, fills, order, shared)).ToArray();
    }

    private int[] Order(Fill[] fills, Random rand)
    {
        if (rand == null)
            return null;
        foreach (var fill in fills)
            fill.Wait(_host);
        return Utils.GetRandomPermutation(rand, checked((int)_rowCount.Value));
    }

    private Fill[] FillsOf(bool[] active)
    {
        int[] columns = Enumerable.Range(0, active.Length).Where(i => active[i]).ToArray();
        StartFilling(columns);
        lock (_lock)
        {
            var fills = columns.Select(column => _columns[column]).Distinct().ToArray();
            // Without a column there are still rows to count.
            return fills.Length > 0 ? fills : [_lastFill];
        }
    }

    private void StartFilling(int[] columns)
    {
        lock (_lock)
        {
            int[] missing = columns.Where(column => _columns[column] == null).ToArray();
            if (missing.Length == 0 && _lastFill != null)
                return;
            _lastFill = new(this, missing);
            foreach (int column in missing)
                _columns[column] = _lastFill;
        }
    }

    /// <summary>One walk over the source.</summary>
    private sealed class Fill
    {
        private readonly Dictionary<int, ColumnStore> _stores;
        private readonly Task<long> _walk;

        public Fill(CacheDataView cache, int[] columns)
        {
            var cursor = cache._source.GetRowCursor(columns.Select(column => cache.Schema[column]).ToArray());
            _stores = columns.ToDictionary(column => column, column => Utils.MarshalInvoke(ColumnStore.Create<int>, cache.Schema[column].Type.RawType, cursor, cache.Schema[column]));
            _walk = Task.Factory.StartNew(() =>
            {
                using var channel = cache._host.Start("Cache Filler");
                using (cursor)
                {
                    long rows = 0;
                    while (cursor.MoveNext())
                    {
                        rows++;
                        foreach (var store in _stores.Values)
                            store.Add();
                    }
                    cache._rowCount = rows;
                    return rows;
                }
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public long Wait(IExceptionContext ctx)
        {
            try
            {
                return _walk.GetAwaiter().GetResult();
            }
            catch (Exception ex)
            {
                throw ctx.Except(ex, "Event we were waiting on was subject to an exception");
            }
        }

        public ColumnStore StoreOf(int column) => _stores[column];
    }

    private abstract class ColumnStore
    {
        public static ColumnStore Create<T>(DataViewRowCursor cursor, DataViewSchema.Column column)
            => column.Type is VectorDataViewType vector
                ? Utils.MarshalInvoke(CreateVector<int>, vector.ItemType.RawType, cursor, column)
                : new ScalarStore<T>(cursor.GetGetter<T>(column));

        private static ColumnStore CreateVector<T>(DataViewRowCursor cursor, DataViewSchema.Column column) => new VectorStore<T>(cursor.GetGetter<VBuffer<T>>(column));

        public abstract void Add();

        public abstract Delegate GetterOf(Func<int> row);
    }

    private sealed class ScalarStore<T>(ValueGetter<T> source) : ColumnStore
    {
        private readonly List<T> _values = [];

        public override void Add()
        {
            T value = default;
            source(ref value);
            _values.Add(value);
        }

        public override Delegate GetterOf(Func<int> row) => (ValueGetter<T>)((ref T value) => value = _values[row()]);
    }

    private sealed class VectorStore<T>(ValueGetter<VBuffer<T>> source) : ColumnStore
    {
        private readonly List<VBuffer<T>> _values = [];

        public override void Add()
        {
            VBuffer<T> value = default;
            source(ref value);
            _values.Add(value);
        }

        public override Delegate GetterOf(Func<int> row) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[row()].CopyTo(ref value));
    }

    private sealed class BatchCounter
    {
        private long _last = -1;

        public long Next() => Interlocked.Increment(ref _last);
    }

    private sealed class Cursor : RootCursorBase
    {
        private readonly CacheDataView _cache;
        private readonly bool[] _active;
        private readonly Fill[] _fills;
        private readonly int[] _order;
        private readonly BatchCounter _batches;
        private long _rows = -1;
        private long _batch;
        private long _next;
        private int _row;

        public Cursor(CacheDataView cache, bool[] active, Fill[] fills, int[] order, BatchCounter batches) : base(cache._host)
        {
            _cache = cache;
            _active = active;
            _fills = fills;
            _order = order;
            _batches = batches;
        }

        public override DataViewSchema Schema => _cache.Schema;

        public override long Batch => _batch;

        protected override bool MoveNextCore()
        {
            if (_rows < 0)
                foreach (var fill in _fills)
                    _rows = fill.Wait(Ch);
            if (_next % RowsPerBatch == 0)
            {
                _batch = _batches.Next();
                _next = _batch * RowsPerBatch;
            }
            if (_next >= _rows)
                return false;
            _row = _order == null ? (int)_next : _order[_next];
            _next++;
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new((ulong)CurrentRow(), 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Ch.CheckParam(IsColumnActive(column), nameof(column), "requested column not active");
            return _fills.First(fill => _cache._columns[column.Index] == fill).StoreOf(column.Index).GetterOf(CurrentRow) as ValueGetter<TValue>
                ?? throw Ch.Except($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
        }

        private int CurrentRow()
        {
            Ch.Check(IsGood, RowCursorUtils.FetchValueStateError);
            return _row;
        }
    }
}
