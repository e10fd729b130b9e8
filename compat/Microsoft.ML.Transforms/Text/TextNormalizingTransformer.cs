using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Text;

[assembly: LoadableClass(typeof(TextNormalizingTransformer), null, typeof(SignatureLoadModel), "Text Normalizer Transform", TextNormalizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Text;

public sealed class TextNormalizingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TextNormalizerTransform";

    private const string RegistrationName = "TextNormalizer";

    private readonly TextNormalization _normalization;

    internal TextNormalizingTransformer(IHostEnvironment env, TextNormalization normalization, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(RegistrationName), columns)
        => _normalization = normalization;

    private TextNormalizingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        var mode = (TextNormalizingEstimator.CaseMode)ctx.Reader.ReadByte();
        host.CheckDecode(Enum.IsDefined(mode));
        _normalization = new TextNormalization(mode, ctx.Reader.ReadBoolean(), ctx.Reader.ReadBoolean(), ctx.Reader.ReadBoolean());
    }

    private static VersionInfo Version => new("TEXTNORM", 0x00010001, 0x00010001, 0x00010001, typeof(TextNormalizingTransformer).Assembly.FullName, LoaderSignature);

    private static TextNormalizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new TextNormalizingTransformer(env.Register(RegistrationName), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        ctx.Writer.Write((byte)_normalization.Case);
        ctx.Writer.Write(_normalization.KeepDiacritics);
        ctx.Writer.Write(_normalization.KeepPunctuations);
        ctx.Writer.Write(_normalization.KeepNumbers);
    }

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (type.GetItemType() is not TextDataViewType)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", ColumnPairs[col].inputColumnName, TextNormalizingEstimator.ExpectedColumnType, type.ToString());
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper(TextNormalizingTransformer parent, DataViewSchema inputSchema) : OneToOneMapperBase(parent.Host, parent, inputSchema)
    {
        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) => new DataViewSchema.DetachedColumn(
                parent.ColumnPairs[i].outputColumnName,
                InputSchema[source].Type is VectorDataViewType ? new VectorDataViewType(TextDataViewType.Instance) : TextDataViewType.Instance)).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            var column = input.Schema[Sources[iinfo]];
            var buffer = new StringBuilder();
            if (column.Type is not VectorDataViewType)
            {
                var scalar = input.GetGetter<ReadOnlyMemory<char>>(column);
                return (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) =>
                {
                    scalar(ref value);
                    value = parent._normalization.Apply(value, buffer);
                });
            }
            var vector = input.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
            var source = default(VBuffer<ReadOnlyMemory<char>>);
            var kept = new List<ReadOnlyMemory<char>>();
            return (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)((ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                vector(ref source);
                kept.Clear();
                foreach (var text in source.GetValues())
                {
                    var normal = parent._normalization.Apply(text, buffer);
                    if (!normal.IsEmpty)
                        kept.Add(normal);
                }
                TextLists.CopyTo(kept, ref value);
            });
        }
    }
}
