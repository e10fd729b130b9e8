using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(KeyToValueMappingTransformer), null, typeof(SignatureLoadModel), "Key To Value Transform", KeyToValueMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToValueTransform";

    internal KeyToValueMappingTransformer(IHostEnvironment env, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(KeyToValueMappingTransformer)), columns)
    {
    }

    private KeyToValueMappingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
    }

    private static VersionInfo Version => new("KEY2VALT", 0x00010001, 0x00010001, 0x00010001, typeof(KeyToValueMappingTransformer).Assembly.FullName, LoaderSignature);

    private static KeyToValueMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new KeyToValueMappingTransformer(env.Register(nameof(KeyToValueMappingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly KeyToValueMappingTransformer _parent;
        private readonly PrimitiveDataViewType[] _valueTypes;
        private readonly Array[] _values;

        public Mapper(KeyToValueMappingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host, parent, inputSchema)
        {
            _parent = parent;
            _valueTypes = Array.ConvertAll(Sources, source => ValueType(inputSchema[source]));
            _values = Sources.Select((source, i) => Utils.MarshalInvoke(ReadValues<int>, _valueTypes[i].RawType, inputSchema[source])).ToArray();
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) =>
            {
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.Add(InputSchema[source].Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                DataViewType type = InputSchema[source].Type is VectorDataViewType vector ? new VectorDataViewType(_valueTypes[i], vector.Dimensions) : _valueTypes[i];
                return new DataViewSchema.DetachedColumn(_parent.ColumnPairs[i].outputColumnName, type, annotations.ToAnnotations());
            }).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return Utils.MarshalInvoke(Getter<int>, _valueTypes[iinfo].RawType, input, input.Schema[Sources[iinfo]], _values[iinfo], (DataViewType)_valueTypes[iinfo]);
        }

        private PrimitiveDataViewType ValueType(DataViewSchema.Column column)
        {
            var type = column.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues)?.Type;
            Host.Check(type != null, "Metadata KeyValues does not exist");
            Host.Check(type.GetVectorSize() == column.Type.GetItemType().GetKeyCountAsInt32(Host), "KeyValues metadata size does not match column type key count");
            return (PrimitiveDataViewType)type.GetItemType();
        }

        private Array ReadValues<T>(DataViewSchema.Column column)
        {
            var values = default(VBuffer<T>);
            column.GetKeyValues(ref values);
            Host.Check(values.Length == column.Type.GetItemType().GetKeyCountAsInt32(Host));
            return values.DenseValues().ToArray();
        }

        private static Delegate Getter<T>(DataViewRow input, DataViewSchema.Column column, Array values, DataViewType valueType)
        {
            var key = column.Type.GetItemType().RawType;
            return key == typeof(byte) ? Getter<byte, T>(input, column, (T[])values, valueType)
                : key == typeof(ushort) ? Getter<ushort, T>(input, column, (T[])values, valueType)
                : key == typeof(uint) ? Getter<uint, T>(input, column, (T[])values, valueType)
                : Getter<ulong, T>(input, column, (T[])values, valueType);
        }

        private static Delegate Getter<TKey, T>(DataViewRow input, DataViewSchema.Column column, T[] values, DataViewType valueType)
            where TKey : INumber<TKey>
        {
            var missing = MissingValues.Of<T>(valueType);
            T ValueOf(TKey key)
            {
                ulong number = ulong.CreateTruncating(key);
                return number - 1 < (ulong)values.Length ? values[number - 1] : missing;
            }

            if (column.Type is not VectorDataViewType)
            {
                var scalar = input.GetGetter<TKey>(column);
                TKey key = default;
                return (ValueGetter<T>)((ref T value) =>
                {
                    scalar(ref key);
                    value = ValueOf(key);
                });
            }
            var vector = input.GetGetter<VBuffer<TKey>>(column);
            var keys = default(VBuffer<TKey>);
            return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
            {
                vector(ref keys);
                var editor = VBufferEditor.Create(ref value, keys.Length);
                editor.Values.Fill(missing);
                foreach (var (slot, key) in keys.Items())
                    editor.Values[slot] = ValueOf(key);
                value = editor.Commit();
            });
        }
    }
}
