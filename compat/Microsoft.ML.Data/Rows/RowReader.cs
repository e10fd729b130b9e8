using Microsoft.ML.Internal.Utilities;

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
        var read = member.GetReader<TRow, T>();
        return MemberReader.Create<T>(member.ColumnType, (ref T value) => value = read(current()), shiftKeys: true);
    }
}
