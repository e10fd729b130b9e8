using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A member of a row class bound to a column.</summary>
internal sealed class RowMember
{
    private Delegate _reader;
    private Delegate _writer;

    private RowMember(MemberInfo member, SchemaDefinition.Column column, DataViewType columnType)
    {
        Member = member;
        ColumnName = string.IsNullOrEmpty(column.ColumnName) ? column.MemberName : column.ColumnName;
        ColumnType = columnType;
        Annotations = column.Annotations;
    }

    public MemberInfo Member { get; }

    public Type MemberType => TypeOf(Member);

    public string ColumnName { get; }

    public DataViewType ColumnType { get; }

    public DataViewSchema.Annotations Annotations { get; }

    /// <summary>Reads the member; compiled once. T is the member's type.</summary>
    public Func<TRow, T> GetReader<TRow, T>() => (Func<TRow, T>)(_reader ??= MemberAccess.Reader<TRow, T>(Member));

    public Action<TRow, T> GetWriter<TRow, T>() => (Action<TRow, T>)(_writer ??= MemberAccess.Writer<TRow, T>(Member));

    public static Type TypeOf(MemberInfo member) => member is FieldInfo field ? field.FieldType : ((PropertyInfo)member).PropertyType;

    /// <summary>Arrays and VBuffers are vectors; strings are text.</summary>
    public static void GetItemType(string name, Type memberType, out bool isVector, out Type rawType)
    {
        isVector = true;
        if (memberType.IsArray)
            rawType = memberType.GetElementType();
        else if (memberType.IsGenericType && memberType.GetGenericTypeDefinition() == typeof(VBuffer<>))
            rawType = memberType.GetGenericArguments()[0];
        else
        {
            rawType = memberType;
            isVector = false;
        }
        if (ColumnTypeExtensions.TryPrimitiveTypeFromType(rawType) is not { } type)
            throw Contracts.ExceptParam("rawType", $"Could not determine an IDataView type and registered custom types for member {name}");
        rawType = type.RawType;
    }

    public static RowMember[] Bind(Type userType, SchemaDefinition definition) => definition.Select(column => Bind(userType, column)).ToArray();

    private static RowMember Bind(Type userType, SchemaDefinition.Column column)
    {
        const string Definition = "userSchemaDefinition";
        if (column.MemberName == null)
            throw Contracts.ExceptParam(Definition, "Null field name detected in schema definition");
        MemberInfo member = (MemberInfo)userType.GetField(column.MemberName) ?? userType.GetProperty(column.MemberName)
            ?? throw Contracts.ExceptParam(Definition, $"No field or property with name '{column.MemberName}' found in type '{userType.FullName}'");
        GetItemType(member.Name, TypeOf(member), out bool isVector, out var rawType);
        var type = column.ColumnType;
        if (type == null)
        {
            var itemType = ColumnTypeExtensions.PrimitiveTypeFromType(rawType);
            type = isVector ? new VectorDataViewType(itemType) : itemType;
        }
        static string Shape(bool vector) => vector ? "vector" : "scalar";
        if (isVector != type is VectorDataViewType)
            throw Contracts.ExceptParam(Definition, $"Column '{column.ColumnName}' is supposed to be {Shape(!isVector)}, but type of associated field '{column.MemberName}' is {Shape(isVector)}");
        if (type.GetItemType().RawType != rawType)
            throw Contracts.ExceptParam(Definition, $"Column '{column.ColumnName}' is supposed to have item type {type.GetItemType().RawType}, but associated field has type {rawType}");
        return new(member, column, type);
    }

    public static DataViewSchema SchemaOf(RowMember[] members)
        => SchemaExtensions.MakeSchema(Array.ConvertAll(members, member => new DataViewSchema.DetachedColumn(member.ColumnName, member.ColumnType, member.Annotations)));
}
