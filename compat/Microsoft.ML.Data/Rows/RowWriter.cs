using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Fills objects of a row class from the columns of a schema. Types are never converted.</summary>
internal sealed class RowWriter<TRow> where TRow : class
{
    private readonly (RowMember Member, DataViewSchema.Column Column)[] _bound;

    public RowWriter(IHostEnvironment env, DataViewSchema schema, bool ignoreMissingColumns, SchemaDefinition definition)
    {
        var host = env.Register("TypedCursorable");
        var bound = new List<(RowMember, DataViewSchema.Column)>();
        foreach (var member in RowMember.Bind(typeof(TRow), definition ?? SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Write)))
        {
            if (schema.GetColumnOrNull(member.ColumnName) is not { } column)
            {
                if (ignoreMissingColumns)
                    continue;
                throw host.ExceptSchemaMismatch("Schema", "", member.ColumnName);
            }
            RowMember.GetItemType(member.Member.Name, member.MemberType, out bool isVector, out var rawType);
            if (isVector != column.Type is VectorDataViewType || column.Type.GetItemType().RawType != rawType)
                throw host.Except($"Can't bind the IDataView column '{member.ColumnName}' of type '{column.Type}' to field or property '{member.Member.Name}' of type '{member.MemberType.FullName}'.");
            bound.Add((member, column));
        }
        _bound = [.. bound];
    }

    /// <summary>The columns that are needed.</summary>
    public IEnumerable<DataViewSchema.Column> Columns => _bound.Select(pair => pair.Column).DistinctBy(column => column.Index).OrderBy(column => column.Index);

    /// <summary>What writes the row's current values into an object.</summary>
    public Action<TRow> Over(DataViewRow row)
    {
        Action<TRow> fill = null;
        foreach (var (member, column) in _bound)
            fill += Utils.MarshalInvoke(CreateSetter<int>, member.MemberType, member, column, row);
        return fill ?? (_ => { });
    }

    private static Action<TRow> CreateSetter<T>(RowMember member, DataViewSchema.Column column, DataViewRow row)
    {
        if (typeof(T) == typeof(string))
            return ScalarSetter<ReadOnlyMemory<char>, string>(member, column, row, text => text.ToString());
        if (typeof(T) == typeof(string[]))
            return ArraySetter<ReadOnlyMemory<char>, string>(member, column, row, text => text.ToString());
        if (typeof(T).IsArray)
            return Utils.MarshalInvoke(SameTypeArraySetter<int>, typeof(T).GetElementType(), member, column, row);
        if (column.Type is VectorDataViewType vector)
            return Utils.MarshalInvoke(VBufferSetter<int>, vector.ItemType.RawType, member, column, row);
        return ScalarSetter<T, T>(member, column, row, value => value);
    }

    private static Action<TRow> ScalarSetter<TSource, T>(RowMember member, DataViewSchema.Column column, DataViewRow row, Func<TSource, T> convert)
    {
        var getter = row.GetGetter<TSource>(column);
        var write = member.GetWriter<TRow, T>();
        TSource value = default;
        return target =>
        {
            getter(ref value);
            write(target, convert(value));
        };
    }

    private static Action<TRow> SameTypeArraySetter<T>(RowMember member, DataViewSchema.Column column, DataViewRow row) => ArraySetter<T, T>(member, column, row, value => value);

    // An array of the right length that the object already holds is filled again; none will do for an empty vector.
    private static Action<TRow> ArraySetter<TSource, T>(RowMember member, DataViewSchema.Column column, DataViewRow row, Func<TSource, T> convert)
    {
        var getter = row.GetGetter<VBuffer<TSource>>(column);
        var read = member.GetReader<TRow, T[]>();
        var write = member.GetWriter<TRow, T[]>();
        VBuffer<TSource> value = default;
        return target =>
        {
            getter(ref value);
            var array = read(target);
            if (Utils.Size(array) != value.Length)
                array = new T[value.Length];
            foreach (var (slot, item) in value.Items(all: true))
                array[slot] = convert(item);
            write(target, array);
        };
    }

    // The object owns its buffer: it is lent to the getter and put back.
    private static Action<TRow> VBufferSetter<T>(RowMember member, DataViewSchema.Column column, DataViewRow row)
    {
        var getter = row.GetGetter<VBuffer<T>>(column);
        var read = member.GetReader<TRow, VBuffer<T>>();
        var write = member.GetWriter<TRow, VBuffer<T>>();
        return target =>
        {
            var value = read(target);
            getter(ref value);
            write(target, value);
        };
    }
}
