using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(MissingValueReplacingTransformer), null, typeof(SignatureLoadModel), "NA Replace Transform", MissingValueReplacingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class MissingValueReplacingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "NAReplaceTransform";

    private readonly DataViewType[] _types;
    private readonly MissingValueReplacement[] _replacements;

    internal MissingValueReplacingTransformer(
        IHostEnvironment env, (string outputColumnName, string inputColumnName)[] columns, DataViewType[] types, MissingValueReplacement[] replacements)
        : base(env.Register(nameof(MissingValueReplacingTransformer)), columns)
    {
        _types = types;
        _replacements = replacements;
    }

    private MissingValueReplacingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        _types = Array.ConvertAll(ColumnPairs, _ => ValueCodec.ReadType(ctx.Reader));
        _replacements = Array.ConvertAll(_types, type => MissingValueReplacement.Read(ctx.Reader, type));
    }

    private static VersionInfo Version => new("NAREP TF", 0x00010002, 0x00010002, 0x00010002, typeof(MissingValueReplacingTransformer).Assembly.FullName, LoaderSignature);

    private static MissingValueReplacingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new MissingValueReplacingTransformer(env.Register(LoaderSignature), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        foreach (var type in _types)
            ValueCodec.WriteType(ctx.Writer, type);
        foreach (var replacement in _replacements)
            replacement.Write(ctx.Writer);
    }

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (MissingValueReplacement.WhyNot(type.GetItemType()) is { } reason)
            throw Host.ExceptParam(nameof(inputSchema), reason);
        if (!type.GetItemType().Equals(_types[col].GetItemType()))
            throw Host.ExceptParam(nameof(inputSchema), $"Column '{ColumnPairs[col].inputColumnName}' item type '{_types[col].GetItemType()}' does not match expected ColumnType of '{type}'");
        if (_replacements[col].Count > 1 && type.GetValueCount() != _replacements[col].Count)
            throw Host.ExceptParam(nameof(inputSchema), $"Column '{ColumnPairs[col].inputColumnName}' item type '{_types[col]}' must be a scalar or a vector of the same size as Columntype '{type}'");
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper(MissingValueReplacingTransformer parent, DataViewSchema inputSchema) : OneToOneMapperBase(parent.Host, parent, inputSchema)
    {
        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) =>
            {
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.Add(InputSchema[source].Annotations, name => name is AnnotationUtils.Kinds.SlotNames or AnnotationUtils.Kinds.IsNormalized);
                return new DataViewSchema.DetachedColumn(parent.ColumnPairs[i].outputColumnName, InputSchema[source].Type, annotations.ToAnnotations());
            }).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return parent._replacements[iinfo].MakeGetter(input, input.Schema[Sources[iinfo]]);
        }
    }
}
