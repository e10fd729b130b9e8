using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(TypeConvertingTransformer), null, typeof(SignatureLoadModel), "Convert Transform", TypeConvertingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class TypeConvertingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ConvertTransform";

    internal TypeConvertingTransformer(IHostEnvironment env, (string outputColumnName, string inputColumnName)[] columns, DataKind outputKind)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(TypeConvertingTransformer)), columns)
        => OutputKind = outputKind;

    private TypeConvertingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        foreach (var _ in ColumnPairs)
            OutputKind = (DataKind)ctx.Reader.ReadByte();
        host.CheckDecode(Enum.IsDefined(OutputKind));
    }

    internal DataKind OutputKind { get; }

    private static VersionInfo Version => new("CONVERTF", 0x00010004, 0x00010004, 0x00010004, typeof(TypeConvertingTransformer).Assembly.FullName, LoaderSignature);

    private static TypeConvertingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new TypeConvertingTransformer(env.Register("Convert"), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        foreach (var _ in ColumnPairs)
            ctx.Writer.Write((byte)OutputKind);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly TypeConvertingTransformer _parent;
        private readonly PrimitiveDataViewType[] _types;
        private readonly Delegate[] _conversions;

        public Mapper(TypeConvertingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host, parent, inputSchema)
        {
            _parent = parent;
            _types = Array.ConvertAll(Sources, source => OutputType(inputSchema[source].Type.GetItemType()));
            _conversions = Sources.Select((source, i) => TypeConversion.Find(inputSchema[source].Type.GetItemType(), _types[i])
                ?? throw Host.ExceptParam(nameof(inputSchema), $"source column '{inputSchema[source].Name}' with item type '{inputSchema[source].Type}' is not compatible with destination type '{_types[i]}'")).ToArray();
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) =>
            {
                var input = InputSchema[source];
                var from = input.Type.GetItemType();
                var annotations = new DataViewSchema.Annotations.Builder();
                if (input.Type.IsKnownSizeVector())
                    annotations.Add(input.Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                if (from is KeyDataViewType key && _types[i] is KeyDataViewType other && key.Count == other.Count)
                    annotations.Add(input.Annotations, name => name == AnnotationUtils.Kinds.KeyValues);
                if (from is NumberDataViewType && _types[i] is NumberDataViewType)
                    annotations.Add(input.Annotations, name => name == AnnotationUtils.Kinds.IsNormalized);
                if (input.Type is BooleanDataViewType && _types[i] is NumberDataViewType)
                    annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
                DataViewType type = input.Type is VectorDataViewType vector ? new VectorDataViewType(_types[i], vector.Dimensions) : _types[i];
                return new DataViewSchema.DetachedColumn(_parent.ColumnPairs[i].outputColumnName, type, annotations.ToAnnotations());
            }).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return TypeConversion.MakeGetter(input, input.Schema[Sources[iinfo]], _conversions[iinfo]);
        }

        /// <summary>A key stays a key of its count, where the kind can hold keys.</summary>
        private PrimitiveDataViewType OutputType(DataViewType from)
        {
            var type = ColumnTypeExtensions.PrimitiveTypeFromKind(_parent.OutputKind);
            return from is KeyDataViewType key && KeyDataViewType.IsValidDataType(type.RawType) ? new KeyDataViewType(type.RawType, key.Count) : type;
        }
    }
}
