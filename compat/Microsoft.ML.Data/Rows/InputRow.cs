using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The columns of a row class, over one object at a time.</summary>
internal sealed class RowReader<TRow> where TRow : class
{
    private readonly RowMember[] _members;

    public RowReader(SchemaDefinition definition)
    {
        _members = RowMember.Bind(typeof(TRow), definition ?? SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Read));
        Schema = RowMember.SchemaOf(_members);
    }

    public DataViewSchema Schema { get; }

    /// <summary>Getters of the active columns, which read the object that is current then.</summary>
    public Delegate[] CreateGetters(Func<TRow> current, Func<int, bool> active)
        => _members.Select((member, i) => active(i) ? Utils.MarshalInvoke(CreateGetter<int>, member.MemberType, member, current) : null).ToArray();

    private static Delegate CreateGetter<T>(RowMember member, Func<TRow> current)
    {
        var read = MemberAccess.Reader<TRow, T>(member.Member);
        return MemberReader.Create<T>(member.ColumnType, (ref T value) => value = read(current()), shiftKeys: true);
    }
}

/// <summary>A row that is filled from outside, object by object.</summary>
internal sealed class InputRow<TRow> : DataViewRow where TRow : class
{
    private readonly Delegate[] _getters;
    private TRow _current;
    private long _position = -1;

    public InputRow(SchemaDefinition definition)
    {
        var reader = new RowReader<TRow>(definition);
        Schema = reader.Schema;
        _getters = reader.CreateGetters(() => _current, _ => true);
    }

    public override DataViewSchema Schema { get; }

    public override long Position => _position;

    public override long Batch => 0;

    public void ExtractValues(TRow row)
    {
        Contracts.CheckValue(row, nameof(row));
        _current = row;
        _position++;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => true;

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => RowGetters.Get<TValue>(_getters, column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new((ulong)_position, 0);
}

internal static class RowGetters
{
    public static ValueGetter<TValue> Get<TValue>(Delegate[] getters, DataViewSchema.Column column)
    {
        var getter = column.Index < getters.Length ? getters[column.Index] : null;
        Contracts.CheckParam(getter != null, nameof(column), "requested column not active");
        return getter as ValueGetter<TValue>
            ?? throw Contracts.Except($"Invalid TValue in GetGetter for column #{column}: '{typeof(TValue)}', expected type: '{getter.GetType().GetGenericArguments()[0]}'.");
    }
}
