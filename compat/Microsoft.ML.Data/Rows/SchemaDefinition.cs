using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Which members of a class are columns, and of which types. It can be changed before it is used.</summary>
public sealed class SchemaDefinition : List<SchemaDefinition.Column>
{
    private SchemaDefinition() { }

    public Column this[string columnName]
    {
        get => Find(column => column.ColumnName == columnName);
        set
        {
            Contracts.CheckValue(value, nameof(value));
            Contracts.CheckParam(value.ColumnName == columnName, nameof(columnName),
                $"The column name is specified as '{value.ColumnName}' but must match the selector '{columnName}'.");
            int index = FindIndex(column => column.ColumnName == columnName);
            if (index < 0)
                Add(value);
            else
                this[index] = value;
        }
    }

    [Flags]
    public enum Direction
    {
        Read = 1,
        Write = 2,
        Both = Read | Write,
    }

    public static SchemaDefinition Create(Type userType, Direction direction = Direction.Both)
    {
        Contracts.CheckValue(userType, nameof(userType));
        var definition = new SchemaDefinition();
        foreach (var member in MembersOf(userType, direction))
        {
            string name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
            if (definition[name] != null)
                throw Contracts.ExceptParam(nameof(userType), $"Duplicate column name '{name}' detected, this is disallowed");
            definition.Add(new(member.Name, TypeOf(member), name));
        }
        return definition;
    }

    /// <summary>Public fields, then public properties that can be read or written as needed; in each group the derived class's first.</summary>
    private static IEnumerable<MemberInfo> MembersOf(Type userType, Direction direction)
    {
        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance;
        var properties = userType.GetProperties(Public).Where(property => property.GetIndexParameters().Length == 0
            && ((direction.HasFlag(Direction.Read) && property.GetGetMethod() != null) || (direction.HasFlag(Direction.Write) && property.GetSetMethod() != null)));
        return userType.GetFields(Public).Concat<MemberInfo>(properties)
            .Where(member => member.GetCustomAttribute<NoColumnAttribute>() == null && RowMember.TypeOf(member) != typeof(IChannel));
    }

    private static DataViewType TypeOf(MemberInfo member)
    {
        const string UserType = "userType";
        RowMember.GetItemType(member.Name, RowMember.TypeOf(member), out bool isVector, out var rawType);
        PrimitiveDataViewType itemType = ColumnTypeExtensions.PrimitiveTypeFromType(rawType);
        if (member.GetCustomAttribute<KeyTypeAttribute>() is { } key)
        {
            if (!KeyDataViewType.IsValidDataType(rawType))
                throw Contracts.ExceptParam(UserType, $"Member {member.Name} marked with KeyType attribute, but does not appear to be a valid kind of data for a key type");
            itemType = new KeyDataViewType(rawType, key.KeyCount.Count.Value);
        }
        var vector = member.GetCustomAttribute<VectorTypeAttribute>();
        if (!isVector)
            return vector == null ? itemType : throw Contracts.ExceptParam(UserType, $"Member {member.Name} marked with VectorTypeAttribute, but does not appear to be a vector type");
        return vector?.Dims is null or [] ? new VectorDataViewType(itemType) : new VectorDataViewType(itemType, vector.Dims);
    }

    public sealed class Column
    {
        private readonly List<(string Kind, DataViewType Type, Delegate Getter)> _annotations = [];

        internal Column(string memberName, DataViewType columnType, string columnName)
        {
            MemberName = memberName;
            ColumnName = columnName;
            ColumnType = columnType;
        }

        public string MemberName { get; }

        public string ColumnName { get; set; }

        public DataViewType ColumnType { get; set; }

        public DataViewSchema.Annotations Annotations
        {
            get
            {
                var builder = new DataViewSchema.Annotations.Builder();
                foreach (var (kind, type, getter) in _annotations)
                    builder.Add(kind, type, getter);
                return builder.ToAnnotations();
            }
        }

        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType)
        {
            Contracts.CheckValue(kind, nameof(kind));
            Contracts.CheckValue(annotationType, nameof(annotationType));
            if (_annotations.Exists(annotation => annotation.Kind == kind))
                throw Contracts.Except("Column already contains an annotation of this kind.");
            RowMember.GetItemType("annotation value", typeof(T), out bool isVector, out var rawType);
            static string Shape(bool vector) => vector ? "vector" : "scalar";
            if (isVector != annotationType is VectorDataViewType)
                throw Contracts.Except($"Value inputted is supposed to be {Shape(isVector)}, but type of Annotationinfo is {Shape(!isVector)}");
            if (rawType != annotationType.GetItemType().RawType)
                throw Contracts.Except($"Value inputted is supposed to have Type {rawType}, but type of Annotationinfo has {annotationType.GetItemType().RawType}");
            // A value of an annotation is read as a member of a row is.
            var getter = MemberReader.Create<T>(annotationType, (ref T held) => held = value, shiftKeys: false);
            _annotations.Add((kind, annotationType, getter));
        }

        internal void AddAnnotations(DataViewSchema.Annotations annotations)
        {
            foreach (var annotation in annotations.Schema)
                _annotations.Add((annotation.Name, annotation.Type, Internal.Utilities.Utils.MarshalInvoke(GetterOf<int>, annotation.Type.RawType, annotations, annotation)));
        }

        private static Delegate GetterOf<T>(DataViewSchema.Annotations annotations, DataViewSchema.Column annotation) => annotations.GetGetter<T>(annotation);
    }
}
