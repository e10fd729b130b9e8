using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Each row as often as a Poisson distribution of mean 1 draws; or, as the complement, once each row that is drawn zero times.</summary>
internal sealed class BootstrapView : TransformBase
{
    private readonly uint _seed;
    private readonly bool _complement;

    public BootstrapView(IHostEnvironment env, IDataView input, int? seed, bool complement) : base(env, "BootstrapSample", input)
    {
        _seed = (uint?)seed ?? (uint)Host.Rand.Next();
        _complement = complement;
    }

    public override DataViewSchema OutputSchema => Source.Schema;

    public override bool CanShuffle => false;

    public override long? GetRowCount() => null;

    protected override bool? ShouldUseParallelCursors(Func<int, bool> predicate) => false;

    protected override DataViewRowCursor GetRowCursorCore(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand) => new Cursor(this, Source.GetRowCursor(columnsNeeded));

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursorCore(columnsNeeded, null)];

    private sealed class Cursor(BootstrapView parent, DataViewRowCursor input) : LinkedRootCursorBase(parent.Host, input)
    {
        private readonly TauswortheHybrid _random = RandomUtils.Create(parent._seed);
        private int _remaining;

        public override DataViewSchema Schema => Input.Schema;

        public override long Batch => 0;

        protected override bool MoveNextCore()
        {
            while (_remaining == 0 && Input.MoveNext())
                _remaining = parent._complement ? (DrawCount() == 0 ? 1 : 0) : DrawCount();
            return _remaining-- > 0;
        }

        /// <summary>Knuth's method: how many uniform numbers can be multiplied before the product falls below 1/e.</summary>
        private int DrawCount()
        {
            double limit = Math.Exp(-1), product = _random.NextDouble();
            int count = 0;
            for (; product > limit; count++)
                product *= _random.NextDouble();
            return count;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => Input.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => Input.GetGetter<TValue>(column);

        // Copies of a row have different ids.
        public override ValueGetter<DataViewRowId> GetIdGetter()
        {
            var getter = Input.GetIdGetter();
            return (ref DataViewRowId id) =>
            {
                getter(ref id);
                id = id.Combine(new((ulong)_remaining, 0));
            };
        }
    }
}
