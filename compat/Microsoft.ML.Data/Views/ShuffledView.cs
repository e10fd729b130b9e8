using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Rows in random order: each is drawn from a pool that the source keeps full. The same seed gives the same order at each reading.</summary>
internal sealed class ShuffledView : TransformBase
{
    public const int DefaultPoolRows = 1000;

    private readonly int _poolRows;
    private readonly bool _shuffleSource;
    private readonly int _seed;

    public ShuffledView(IHostEnvironment env, IDataView input, int? seed, int poolRows, bool shuffleSource) : base(env, "Shuffle", input)
    {
        _poolRows = poolRows;
        _shuffleSource = shuffleSource;
        _seed = seed ?? ((TauswortheHybrid)Host.Rand).NextSigned();
    }

    /// <summary>The rows of a cursor in random order.</summary>
    public static DataViewRowCursor Shuffle(IChannelProvider provider, DataViewRowCursor cursor, Random rand, int poolRows = DefaultPoolRows)
        => poolRows == 1 ? cursor : new Cursor(provider, cursor, rand, poolRows);

    public override DataViewSchema OutputSchema => Source.Schema;

    public override bool CanShuffle => true;

    public override long? GetRowCount() => Source.GetRowCount();

    protected override bool? ShouldUseParallelCursors(Func<int, bool> predicate) => false;

    protected override DataViewRowCursor GetRowCursorCore(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand)
    {
        bool shuffleSource = _shuffleSource || rand != null;
        rand ??= RandomUtils.Create(_seed);
        return Shuffle(Host, Source.GetRowCursor(columnsNeeded, shuffleSource ? RandomUtils.Create(rand) : null), rand, _poolRows);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursorCore(columnsNeeded, rand)];

    private sealed class Cursor : RootCursorBase
    {
        /// <summary>The source is read this many rows at a time.</summary>
        private const int BlockRows = 16;

        private readonly DataViewRowCursor _input;
        private readonly Random _random;
        private readonly int _poolRows;
        private readonly List<Pool> _pools = [];
        private readonly Dictionary<int, Pool> _poolOfColumn;
        private readonly Pool<DataViewRowId> _ids;
        private readonly List<int> _waiting = [];
        private readonly Stack<int> _free = [];
        private int _current = -1;
        private bool _sourceEnded;
        private bool _disposed;

        public Cursor(IChannelProvider provider, DataViewRowCursor input, Random random, int poolRows) : base(provider)
        {
            _input = input;
            _random = random;
            _poolRows = poolRows;
            _poolOfColumn = input.Schema.Where(input.IsColumnActive)
                .ToDictionary(column => column.Index, column => Utils.MarshalInvoke(Pool.Create<int>, column.Type.RawType, (DataViewRow)input, column));
            _ids = new(input.GetIdGetter());
            _pools.AddRange(_poolOfColumn.Values);
            _pools.Add(_ids);
        }

        public override DataViewSchema Schema => _input.Schema;

        public override long Batch => 0;

        protected override bool MoveNextCore()
        {
            if (_current >= 0)
                _free.Push(_current);
            while (_waiting.Count < _poolRows && !_sourceEnded)
                ReadBlock();
            if (_waiting.Count == 0)
                return false;
            // The row that is drawn changes places with the oldest one, and leaves.
            int drawn = _random.Next(Math.Min(_waiting.Count, _poolRows));
            _current = _waiting[drawn];
            _waiting[drawn] = _waiting[0];
            _waiting.RemoveAt(0);
            return true;
        }

        private void ReadBlock()
        {
            for (int i = 0; i < BlockRows; i++)
            {
                if (!MoveInput())
                {
                    _sourceEnded = true;
                    return;
                }
                int slot = _free.Count > 0 ? _free.Pop() : _ids.Count;
                foreach (var pool in _pools)
                    pool.Fill(slot);
                _waiting.Add(slot);
            }
        }

        private bool MoveInput()
        {
            try
            {
                return _input.MoveNext();
            }
            catch (Exception ex)
            {
                throw Ch.Except(ex, "Shuffle input cursor reader failed with an exception");
            }
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => _input.IsColumnActive(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ValueGetter<DataViewRowId>)_ids.GetterOf(CurrentSlot);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Ch.CheckParam(_poolOfColumn.TryGetValue(column.Index, out var pool), nameof(column), "requested column not active");
            return pool.GetterOf(CurrentSlot) as ValueGetter<TValue> ?? throw Ch.Except($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
        }

        private int CurrentSlot()
        {
            Ch.Check(IsGood, RowCursorUtils.FetchValueStateError);
            return _current;
        }

        protected override void Dispose(bool disposing)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (disposing)
                _input.Dispose();
            base.Dispose(disposing);
        }
    }

    private abstract class Pool
    {
        public static Pool Create<T>(DataViewRow row, DataViewSchema.Column column)
            => column.Type is VectorDataViewType vector ? Utils.MarshalInvoke(CreateVector<int>, vector.ItemType.RawType, row, column) : new Pool<T>(row.GetGetter<T>(column));

        private static Pool CreateVector<T>(DataViewRow row, DataViewSchema.Column column) => new VectorPool<T>(row.GetGetter<VBuffer<T>>(column));

        public abstract void Fill(int slot);

        public abstract Delegate GetterOf(Func<int> slot);
    }

    private class Pool<T>(ValueGetter<T> source) : Pool
    {
        protected T[] Values = [];

        public int Count { get; private set; }

        public override void Fill(int slot)
        {
            if (slot == Count && ++Count > Values.Length)
                Array.Resize(ref Values, Math.Max(16, 2 * slot));
            source(ref Values[slot]);
        }

        public override Delegate GetterOf(Func<int> slot) => (ValueGetter<T>)((ref T value) => value = Values[slot()]);
    }

    private sealed class VectorPool<T>(ValueGetter<VBuffer<T>> source) : Pool<VBuffer<T>>(source)
    {
        public override Delegate GetterOf(Func<int> slot) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Values[slot()].CopyTo(ref value));
    }
}
