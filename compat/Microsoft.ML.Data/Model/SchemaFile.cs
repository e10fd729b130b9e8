using System.Text;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A schema in a stream: a header, then columns with types and annotations, in order, hidden ones too.</summary>
internal static class SchemaFile
{
    private const ulong Mark = 0x00425644004C4D43;
    private const int HeaderSize = 256;
    private const int DeepestNesting = 8;

    public static void Write(DataViewSchema schema, Stream stream)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        var header = new byte[HeaderSize];
        BitConverter.TryWriteBytes(header, Mark);
        writer.Write(header);
        Write(schema, writer);
    }

    private static void Write(DataViewSchema schema, BinaryWriter writer)
    {
        writer.Write(schema.Count);
        foreach (var column in schema)
        {
            writer.Write(column.Name);
            ValueCodec.WriteType(writer, column.Type);
            Write(column.Annotations.Schema, writer);
            foreach (var annotation in column.Annotations.Schema)
                ValueCodec.WriterOf(AnnotationsRow.Over(column.Annotations), annotation)(writer);
        }
    }

    public static DataViewSchema Read(IExceptionContext ctx, Stream stream)
    {
        var header = new byte[HeaderSize];
        int read = stream.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false);
        ctx.CheckDecode(read == HeaderSize, $"Read only {read} bytes in file, expected header size of {HeaderSize}");
        ctx.CheckDecode(BitConverter.ToUInt64(header) == Mark, "This does not appear to be a binary dataview file");
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        return Read(ctx, reader, 0);
    }

    private static DataViewSchema Read(IExceptionContext ctx, BinaryReader reader, int depth)
    {
        ctx.CheckDecode(depth < DeepestNesting, "Corrupt schema");
        int count = reader.ReadInt32();
        ctx.CheckDecode(count >= 0, "Corrupt schema");
        var builder = new DataViewSchema.Builder();
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            var type = ValueCodec.ReadType(reader);
            var annotations = new DataViewSchema.Annotations.Builder();
            foreach (var annotation in Read(ctx, reader, depth + 1))
                annotations.Add(annotation.Name, annotation.Type, ValueCodec.ReadConstant(reader, annotation.Type), annotation.Annotations);
            builder.AddColumn(name, type, annotations.ToAnnotations());
        }
        return builder.ToSchema();
    }

    /// <summary>Annotations as a row, which is read like any other.</summary>
    private sealed class AnnotationsRow : DataViewRow
    {
        private readonly DataViewSchema.Annotations _annotations;

        private AnnotationsRow(DataViewSchema.Annotations annotations) => _annotations = annotations;

        public static DataViewRow Over(DataViewSchema.Annotations annotations) => new AnnotationsRow(annotations);

        public override DataViewSchema Schema => _annotations.Schema;
        public override long Position => 0;
        public override long Batch => 0;
        public override bool IsColumnActive(DataViewSchema.Column column) => true;
        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _annotations.GetGetter<TValue>(column);
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = default;
    }
}
