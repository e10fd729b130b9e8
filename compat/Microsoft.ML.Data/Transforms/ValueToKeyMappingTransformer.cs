using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ValueToKeyMappingTransformer), null, typeof(SignatureLoadModel), "Term Transform", ValueToKeyMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TermTransform";

    private const string RegistrationName = "Term";
    private const string Vocabulary = "Vocabulary";

    private readonly TermMap[] _maps;
    private readonly bool[] _asText;

    internal ValueToKeyMappingTransformer(IHostEnvironment env, IDataView input, ValueToKeyMappingEstimator.ColumnOptions[] columns, IDataView keyData)
        : base(Contracts.CheckRef(env, nameof(env)).Register(RegistrationName), Array.ConvertAll(columns, column => (column.OutputColumnName, column.InputColumnName)))
    {
        using var channel = Host.Start("Training");
        var sources = Array.ConvertAll(columns, column => FindInput(input.Schema, column.InputColumnName, "inputSchema"));
        _asText = Array.ConvertAll(columns, column => column.AsText);
        _maps = keyData != null ? FromKeyData(channel, keyData, sources, columns) : FromInput(channel, input, sources, columns);
    }

    private ValueToKeyMappingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        _asText = Array.ConvertAll(ColumnPairs, _ => ctx.Reader.ReadBoolean());
        _maps = new TermMap[ColumnPairs.Length];
        bool found = ctx.TryProcessSubModel(Vocabulary, vocabulary =>
        {
            vocabulary.CheckAtModel(VocabularyVersion);
            host.CheckDecode(vocabulary.Reader.ReadInt32() == _maps.Length);
            for (int i = 0; i < _maps.Length; i++)
                _maps[i] = TermMap.Load(host, vocabulary);
        });
        host.CheckDecode(found, $"Missing {Vocabulary} model");
    }

    private static VersionInfo Version => new("TERMTRNF", 0x00010003, 0x00010003, 0x00010003, typeof(ValueToKeyMappingTransformer).Assembly.FullName, LoaderSignature);

    private static VersionInfo VocabularyVersion => new("TERM MAN", 0x00010002, 0x00010002, 0x00010002, typeof(ValueToKeyMappingTransformer).Assembly.FullName, "TermManager");

    private static ValueToKeyMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new ValueToKeyMappingTransformer(env.Register(RegistrationName), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        foreach (bool asText in _asText)
            ctx.Writer.Write(asText);
        ctx.SaveSubModel(Vocabulary, vocabulary =>
        {
            vocabulary.SetVersionInfo(VocabularyVersion);
            vocabulary.Writer.Write(_maps.Length);
            foreach (var map in _maps)
                map.Save(vocabulary);
            vocabulary.SaveTextStream("Terms.txt", writer =>
            {
                foreach (var map in _maps)
                    map.WriteText(writer);
            });
        });
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private DataViewSchema.Column FindInput(DataViewSchema schema, string name, string parameter)
    {
        var column = schema.GetColumnOrNull(name) ?? throw Host.ExceptSchemaMismatch(parameter, "input", name);
        if (column.Type.GetItemType().GetRawKind() == 0)
            throw Host.ExceptSchemaMismatch(parameter, "input", name, "standard type or a vector of standard type", column.Type.ToString());
        return column;
    }

    /// <summary>One walk for all columns, which ends when all are full.</summary>
    private static TermMap[] FromInput(IChannel channel, IDataView input, DataViewSchema.Column[] sources, ValueToKeyMappingEstimator.ColumnOptions[] columns)
    {
        foreach (var column in columns)
            channel.CheckUserArg(column.MaximumNumberOfKeys > 0, "MaxNumTerms", "Must be positive");
        using var cursor = input.GetRowCursor(input.Schema.Where(column => sources.Any(source => source.Index == column.Index)));
        var builders = sources.Select((source, i) => TermMapBuilder.Create(cursor, source, columns[i].MaximumNumberOfKeys, IsByValue(columns[i]))).ToArray();
        var open = builders.ToList();
        while (open.Count > 0 && cursor.MoveNext())
            open.RemoveAll(builder => !builder.Add());
        for (int i = 0; i < builders.Length; i++)
        {
            if (builders[i].Count == 0)
                channel.Warning($"Term map for output column '{columns[i].OutputColumnName}' contains no entries.");
        }
        return Array.ConvertAll(builders, builder => builder.Finish());
    }

    /// <summary>All terms of the key data, whatever the maximum says.</summary>
    private static TermMap[] FromKeyData(IChannel channel, IDataView keyData, DataViewSchema.Column[] sources, ValueToKeyMappingEstimator.ColumnOptions[] columns)
    {
        var terms = keyData.Schema[0];
        return sources.Select((source, i) =>
        {
            if (!terms.Type.Equals(source.Type.GetItemType()))
                throw channel.ExceptUserArg(nameof(keyData), $"Input data's column must be of type '{source.Type.GetItemType()}' but was '{terms.Type}'");
            using var cursor = keyData.GetRowCursor([terms]);
            var builder = TermMapBuilder.Create(cursor, terms, int.MaxValue, IsByValue(columns[i]));
            while (cursor.MoveNext() && builder.Add())
            {
            }
            if (builder.Count == 0)
                channel.Warning("Map from the term data resulted in an empty map.");
            return builder.Finish();
        }).ToArray();
    }

    private static bool IsByValue(ValueToKeyMappingEstimator.ColumnOptions column) => column.KeyOrdinality == ValueToKeyMappingEstimator.KeyOrdinality.ByValue;

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly ValueToKeyMappingTransformer _parent;

        public Mapper(ValueToKeyMappingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host, parent, inputSchema)
        {
            _parent = parent;
            for (int i = 0; i < Sources.Length; i++)
            {
                var type = parent.FindInput(inputSchema, parent.ColumnPairs[i].inputColumnName, nameof(inputSchema)).Type.GetItemType();
                if (!type.Equals(parent._maps[i].ItemType))
                    throw Host.Except($"Could not apply a map over type '{parent._maps[i].ItemType}' to column '{parent.ColumnPairs[i].outputColumnName}' since it has type '{type}'");
            }
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) =>
            {
                var input = InputSchema[source];
                var map = _parent._maps[i];
                var annotations = new DataViewSchema.Annotations.Builder();
                map.AddKeyValues(annotations, input, _parent._asText[i]);
                annotations.Add(input.Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                DataViewType type = input.Type is VectorDataViewType vector ? new VectorDataViewType(map.OutputType, vector.Dimensions) : map.OutputType;
                return new DataViewSchema.DetachedColumn(_parent.ColumnPairs[i].outputColumnName, type, annotations.ToAnnotations());
            }).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return _parent._maps[iinfo].MakeGetter(input, input.Schema[Sources[iinfo]], _parent.ColumnPairs[iinfo].outputColumnName);
        }
    }
}
