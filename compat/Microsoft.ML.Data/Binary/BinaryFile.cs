using System.Text;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A view in a binary stream: the schema, the rows one after the other, their number.</summary>
internal static class BinaryFile
{
    public static void Save(IHostEnvironment env, IDataView data, Stream stream, bool keepHidden)
    {
        using var channel = env.Register("BinarySaver").Start("Saving");
        var columns = SavedColumns.Of(channel, data.Schema, keepHidden);
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        SchemaFile.Write(SchemaExtensions.MakeSchema(Array.ConvertAll(columns, column => new DataViewSchema.DetachedColumn(column))), stream);
        using var cursor = data.GetRowCursor(columns);
        var values = Array.ConvertAll(columns, column => ValueCodec.WriterOf(cursor, column));
        long rows = 0;
        for (; cursor.MoveNext(); rows++)
        {
            writer.Write(true);
            foreach (var write in values)
                write(writer);
        }
        writer.Write(false);
        writer.Write(rows);
    }

    public static IDataView Load(IHostEnvironment env, IMultiStreamSource source) => new View(env, source);

    private static BinaryReader Open(IExceptionContext ctx, IMultiStreamSource source, out DataViewSchema schema)
    {
        ctx.CheckParam(source.Count == 1, nameof(source), "Binary loader must be created with one file");
        var stream = source.Open(0);
        try
        {
            schema = SchemaFile.Read(ctx, stream);
            return new(new BufferedStream(stream, 1 << 16), Encoding.UTF8);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private sealed class View : IDataView
    {
        private readonly IHost _host;
        private readonly IMultiStreamSource _source;
        private readonly long _rows;

        public View(IHostEnvironment env, IMultiStreamSource source)
        {
            _host = env.Register("BinaryLoader");
            _source = source;
            using var reader = Open(_host, source, out var schema);
            Schema = schema;
            reader.BaseStream.Seek(-sizeof(long), SeekOrigin.End);
            _rows = reader.ReadInt64();
        }

        public DataViewSchema Schema { get; }

        public bool CanShuffle => true;

        public long? GetRowCount() => _rows;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
        {
            var cursor = new Cursor(_host, Schema, Open(_host, _source, out _), RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema));
            return rand == null ? cursor : ShuffledView.Shuffle(_host, cursor, rand);
        }

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];
    }

    private abstract class Value
    {
        public static Value Create(DataViewType type)
            => type is VectorDataViewType vector ? Utils.MarshalInvoke(CreateVector<int>, vector.ItemType.RawType) : Utils.MarshalInvoke(CreateScalar<int>, type.RawType);

        private static Value CreateScalar<T>() => new Value<T>(ValueCodec.ItemReader<T>());

        private static Value CreateVector<T>() => new Value<VBuffer<T>>(ValueCodec.ReadVector<T>);

        public abstract void Read(BinaryReader reader);

        public abstract Delegate Getter { get; }
    }

    // Each vector that is read is a new one, so that it can be given away as it is.
    private sealed class Value<T>(Func<BinaryReader, T> read) : Value
    {
        private T _value;

        public override void Read(BinaryReader reader) => _value = read(reader);

        public override Delegate Getter => (ValueGetter<T>)((ref T value) => value = _value);
    }

    private sealed class Cursor(IHost host, DataViewSchema schema, BinaryReader reader, Func<int, bool> active) : RootCursorBase(host)
    {
        private readonly Value[] _values = schema.Select(column => Value.Create(column.Type)).ToArray();

        public override DataViewSchema Schema => schema;

        public override long Batch => 0;

        protected override bool MoveNextCore()
        {
            if (!reader.ReadBoolean())
                return false;
            foreach (var value in _values)
                value.Read(reader);
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active(column.Index);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new((ulong)Position, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Ch.Check(IsColumnActive(column));
            return _values[column.Index].Getter as ValueGetter<TValue> ?? throw Ch.Except($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                reader.Dispose();
            base.Dispose(disposing);
        }
    }
}
