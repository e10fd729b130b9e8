using Microsoft.ML.Runtime;
using Microsoft.ML.Internal.Utilities;

namespace Microsoft.ML.Data;

/// <summary>Some rows in the middle.</summary>
internal sealed class SkipTakeFilter : FilterBase
{
    private readonly long _skip;
    private readonly long _take;

    private SkipTakeFilter(IHostEnvironment env, IDataView input, long skip, long take) : base(env, nameof(SkipTakeFilter), input)
    {
        _skip = skip;
        _take = take;
    }

    public static SkipTakeFilter Skip(IHostEnvironment env, IDataView input, long count) => new(env, input, count, long.MaxValue);

    public static SkipTakeFilter Take(IHostEnvironment env, IDataView input, long count) => new(env, input, 0, count);

    public override bool CanShuffle => false;

    public override long? GetRowCount() => _take == 0 ? 0 : Source.GetRowCount() is { } count ? Math.Min(Math.Max(0, count - _skip), _take) : null;

    protected override bool? ShouldUseParallelCursors(Func<int, bool> predicate) => false;

    protected override DataViewRowCursor GetRowCursorCore(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand)
        => new Cursor(Host, Source.GetRowCursor(columnsNeeded), OutputSchema, Utils.BuildArray(OutputSchema.Count, columnsNeeded), _skip, _take);

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursorCore(columnsNeeded, null)];

    private sealed class Cursor(IChannelProvider provider, DataViewRowCursor input, DataViewSchema schema, bool[] active, long skip, long take)
        : LinkedRowFilterCursorBase(provider, input, schema, active)
    {
        private long _skipped;
        private long _taken;

        public override long Batch => 0;

        protected override bool Accept() => _skipped++ >= skip;

        // The source is not asked for a row beyond the last one that is taken.
        protected override bool MoveNextCore() => _taken++ < take && base.MoveNextCore();
    }
}
