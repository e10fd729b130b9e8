using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A cursor that counts its rows itself: over a source, or over other cursors whose rows it leaves out or moves about.</summary>
internal abstract class RootCursorBase : DataViewRowCursor
{
    protected readonly IChannel Ch;
    private long _position = -1;
    private bool _disposed;

    protected RootCursorBase(IChannelProvider provider)
    {
        Contracts.CheckValue(provider, nameof(provider));
        Ch = provider.Start("Cursor");
    }

    public sealed override long Position => _position;

    protected bool IsGood => _position >= 0;

    protected abstract bool MoveNextCore();

    public sealed override bool MoveNext()
    {
        if (_disposed)
            return false;
        if (MoveNextCore())
        {
            _position++;
            return true;
        }
        Dispose();
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        _position = -1;
        if (disposing)
            Ch.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>A root cursor over one input cursor.</summary>
internal abstract class LinkedRootCursorBase : RootCursorBase
{
    private bool _disposed;

    protected LinkedRootCursorBase(IChannelProvider provider, DataViewRowCursor input) : base(provider)
    {
        Input = input;
        Root = SynchronizedCursorBase.RootOf(input);
    }

    protected DataViewRowCursor Input { get; }

    /// <summary>The cursor whose MoveNext moves the input.</summary>
    protected DataViewRowCursor Root { get; }

    public override long Batch => Input.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (disposing)
            Input.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>A root cursor that leaves rows of its input out, and shows the columns of the input.</summary>
internal abstract class LinkedRowFilterCursorBase : LinkedRootCursorBase
{
    private readonly bool[] _active;

    protected LinkedRowFilterCursorBase(IChannelProvider provider, DataViewRowCursor input, DataViewSchema schema, bool[] active) : base(provider, input)
    {
        Schema = schema;
        _active = active;
    }

    public sealed override DataViewSchema Schema { get; }

    public sealed override bool IsColumnActive(DataViewSchema.Column column)
    {
        Ch.Check(column.Index < Schema.Count);
        return _active == null || _active[column.Index];
    }

    public sealed override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Ch.Check(IsColumnActive(column));
        return Input.GetGetter<TValue>(column);
    }

    /// <summary>Whether the current row of the input stays.</summary>
    protected abstract bool Accept();

    protected override bool MoveNextCore()
    {
        while (Root.MoveNext())
            if (Accept())
                return true;
        return false;
    }
}

/// <summary>A cursor that has the very rows of its input. MoveNext goes straight to the lowest cursor that counts rows itself.</summary>
internal abstract class SynchronizedCursorBase : DataViewRowCursor
{
    protected readonly IChannel Ch;
    private readonly DataViewRowCursor _root;
    private bool _disposed;

    protected SynchronizedCursorBase(IChannelProvider provider, DataViewRowCursor input)
    {
        Ch = provider.Start("Cursor");
        Input = input;
        _root = RootOf(input);
    }

    protected DataViewRowCursor Input { get; }

    internal static DataViewRowCursor RootOf(DataViewRowCursor cursor) => cursor is SynchronizedCursorBase synchronized ? synchronized._root : cursor;

    public sealed override long Position => _root.Position;

    public sealed override long Batch => _root.Batch;

    public sealed override bool MoveNext() => _root.MoveNext();

    public sealed override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (disposing)
        {
            Input.Dispose();
            Ch.Dispose();
        }
        base.Dispose(disposing);
    }
}

/// <summary>A row over another one, which it disposes with itself.</summary>
internal abstract class WrappingRow : DataViewRow
{
    private bool _disposed;

    private protected WrappingRow(DataViewRow input) => Input = input;

    protected DataViewRow Input { get; }

    public sealed override long Position => Input.Position;

    public sealed override long Batch => Input.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

    /// <summary>Frees what is this row's own; the input, which that may depend on, goes after it.</summary>
    protected virtual void DisposeCore(bool disposing) { }

    protected sealed override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        DisposeCore(disposing);
        if (disposing)
            Input.Dispose();
    }
}
