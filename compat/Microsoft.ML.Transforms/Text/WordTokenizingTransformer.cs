using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Text;

[assembly: LoadableClass(typeof(WordTokenizingTransformer), null, typeof(SignatureLoadModel), "Tokenize Text Transform", WordTokenizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Text;

public sealed class WordTokenizingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TokenizeTextTransform";

    private const string RegistrationName = "DelimitedTokenize";

    private readonly char[] _separators;

    internal WordTokenizingTransformer(IHostEnvironment env, char[] separators, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(RegistrationName), columns)
        => _separators = separators;

    private WordTokenizingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        _separators = ctx.Reader.ReadString().ToCharArray();
        Contracts.CheckDecode(_separators.Length > 0);
    }

    private static VersionInfo Version => new("WRDTOKNS", 0x00010001, 0x00010001, 0x00010001, typeof(WordTokenizingTransformer).Assembly.FullName, LoaderSignature);

    private static WordTokenizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new WordTokenizingTransformer(env.Register(RegistrationName), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        ctx.Writer.Write(new string(_separators));
    }

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (type.GetItemType() is not TextDataViewType)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", ColumnPairs[col].inputColumnName, WordTokenizingEstimator.ExpectedColumnType, type.ToString());
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private void AddWords(ReadOnlyMemory<char> text, List<ReadOnlyMemory<char>> words)
    {
        if (text.IsEmpty)
            return;
        // ML.NET takes the first separator without looking whether there is one.
        if (_separators.Length == 0)
            throw new IndexOutOfRangeException();
        foreach (var range in text.Span.SplitAny(_separators))
        {
            var word = text[range].Trim();
            if (!word.IsEmpty)
                words.Add(word);
        }
    }

    private sealed class Mapper(WordTokenizingTransformer parent, DataViewSchema inputSchema) : OneToOneMapperBase(parent.Host, parent, inputSchema)
    {
        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Array.ConvertAll(parent.ColumnPairs, pair => new DataViewSchema.DetachedColumn(pair.outputColumnName, new VectorDataViewType(TextDataViewType.Instance)));

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            var column = input.Schema[Sources[iinfo]];
            var words = new List<ReadOnlyMemory<char>>();
            if (column.Type is not VectorDataViewType)
            {
                var scalar = input.GetGetter<ReadOnlyMemory<char>>(column);
                var text = default(ReadOnlyMemory<char>);
                return (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)((ref VBuffer<ReadOnlyMemory<char>> value) =>
                {
                    scalar(ref text);
                    words.Clear();
                    parent.AddWords(text, words);
                    TextLists.CopyTo(words, ref value);
                });
            }
            var vector = input.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
            var texts = default(VBuffer<ReadOnlyMemory<char>>);
            return (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)((ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                vector(ref texts);
                words.Clear();
                foreach (var element in texts.GetValues())
                    parent.AddWords(element, words);
                TextLists.CopyTo(words, ref value);
            });
        }
    }
}
