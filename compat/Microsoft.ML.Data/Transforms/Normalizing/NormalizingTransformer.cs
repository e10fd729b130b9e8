using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(NormalizingTransformer), null, typeof(SignatureLoadModel), "Normalizer", NormalizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class NormalizingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "Normalizer";

    private readonly DataViewType[] _types;
    private readonly ColumnFunction[] _functions;

    internal NormalizingTransformer(IHostEnvironment env, (string outputColumnName, string inputColumnName)[] columns, DataViewType[] types, ColumnFunction[] functions)
        : base(env.Register(nameof(NormalizingTransformer)), columns)
    {
        _types = types;
        _functions = functions;
    }

    private NormalizingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        _types = Array.ConvertAll(ColumnPairs, _ => ValueCodec.ReadType(ctx.Reader));
        _functions = new ColumnFunction[_types.Length];
        for (int i = 0; i < _functions.Length; i++)
            ctx.LoadModel<ColumnFunction, SignatureLoadColumnFunction>(host, out _functions[i], Folder(i), _types[i]);
    }

    private static VersionInfo Version => new("NORMALZR", 0x00010002, 0x00010002, 0x00010002, typeof(NormalizingTransformer).Assembly.FullName, LoaderSignature);

    private static NormalizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new NormalizingTransformer(env.Register(nameof(NormalizingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        foreach (var type in _types)
            ValueCodec.WriteType(ctx.Writer, type);
        for (int i = 0; i < _functions.Length; i++)
            ctx.SaveModel(_functions[i], Folder(i));
    }

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        const string Expected = "scalar or known-size vector of Single";
        var type = inputSchema[srcCol].Type;
        if (type.GetValueCount() == 0)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", ColumnPairs[col].inputColumnName, Expected, "variable-size vector");
        if (!type.SameSizeAndItemType(_types[col]))
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", ColumnPairs[col].inputColumnName, Expected, type.ToString());
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private static string Folder(int column) => $"Normalizer_{column:000}";

    private sealed class Mapper(NormalizingTransformer parent, DataViewSchema inputSchema) : OneToOneMapperBase(parent.Host, parent, inputSchema)
    {
        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) =>
            {
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
                annotations.Add(InputSchema[source].Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                return new DataViewSchema.DetachedColumn(parent.ColumnPairs[i].outputColumnName, InputSchema[source].Type, annotations.ToAnnotations());
            }).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return parent._functions[iinfo].MakeGetter(input, input.Schema[Sources[iinfo]]);
        }
    }
}
