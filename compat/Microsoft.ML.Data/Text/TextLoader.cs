using System.Reflection;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(IDataLoader<IMultiStreamSource>), typeof(TextLoader), null, typeof(SignatureLoadModel), "Text Loader", TextLoader.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Makes views over text files whose lines are rows and whose fields are separated by some characters.</summary>
public sealed partial class TextLoader : IDataLoader<IMultiStreamSource>
{
    internal const string LoaderSignature = "TextLoader";

    /// <summary>So many lines tell the number of fields.</summary>
    private const int SampleLines = 100;

    private readonly IHost _host;
    private readonly Options _options;
    private readonly string _header;
    private readonly TextFormat _format;
    private readonly TextColumnSource[] _columns;
    private readonly DataViewSchema _schema;

    internal TextLoader(IHostEnvironment env, Options options = null, IMultiStreamSource dataSample = null)
    {
        _host = env.Register("TextLoader");
        options ??= new();
        dataSample ??= new MultiFileSource(null);
        var headerFile = string.IsNullOrWhiteSpace(options.HeaderFile) ? null : new MultiFileSource(options.HeaderFile);
        if (options.Columns is null or [])
            options = SchemaComment.Read(_host, headerFile ?? dataSample, options) ?? WithDefaultColumns(options);
        _options = options;
        _format = new(_host, options);

        foreach (var column in options.Columns)
            _host.CheckUserArg(column.Source?.Length > 0, nameof(Column.Source), "Must specify some source column indices");
        var lines = new LineReader(_format);
        if (headerFile != null || _format.HasHeader)
            _header = lines.Read(headerFile ?? dataSample, false, 1).FirstOrDefault().Text;
        int inputSize = _format.InputSize;
        if (inputSize == 0 && options.Columns.Any(column => column.Source.Any(range => range.AutoEnd && range.Max == null)))
            inputSize = FindInputSize(lines.Read(dataSample, false, SampleLines));
        _columns = TextColumnSource.Bind(_host, options.Columns, inputSize);
        _schema = MakeSchema();
    }

    private TextLoader(IHostEnvironment env, Saved saved)
    {
        _host = env.Register("TextLoader");
        _options = saved.Options;
        _header = saved.Header;
        _format = new(_host, _options);
        _columns = TextColumnSource.Bind(_host, _options.Columns, 0);
        _schema = MakeSchema();
    }

    private static Options WithDefaultColumns(Options options)
    {
        var copy = Clone(options);
        copy.Columns = [new Column("Label", DataKind.Single, [new Range { Min = 0 }]), new Column("Features", DataKind.Single, [new Range(1, null)])];
        return copy;
    }

    internal static Options Clone(Options options)
    {
        var copy = new Options();
        foreach (var field in typeof(Options).GetFields())
            field.SetValue(copy, field.GetValue(options));
        return copy;
    }

    private int FindInputSize(IEnumerable<TextLine> lines)
    {
        using var statistics = new ParseStatistics(_host, silent: true);
        var scanner = new FieldScanner(_format, statistics, int.MaxValue, 0);
        var sizes = lines.Where(line => !_format.Trim || line.Text.AsSpan().TrimEnd().Length > 0).Select(line => scanner.Scan(line)).Distinct().ToArray();
        _host.CheckUserArg(sizes.Length > 0, nameof(Column.Source), "Can't determine the number of source columns without valid data");
        _host.CheckUserArg(sizes.Length == 1, nameof(Column.Source), "The size of input lines is not consistent");
        return sizes[0];
    }

    private DataViewSchema MakeSchema()
    {
        using var statistics = new ParseStatistics(_host, silent: true);
        var scanner = new FieldScanner(_format, statistics, int.MaxValue, _format.InputSize);
        scanner.Scan(new(null, 0, _header ?? ""));
        var builder = new DataViewSchema.Builder();
        foreach (var column in _columns)
        {
            var annotations = new DataViewSchema.Annotations.Builder();
            if (column.Type.IsKnownSizeVector() && SlotNames(column, scanner) is { } names)
                annotations.AddSlotNames(names.Length, (ref VBuffer<ReadOnlyMemory<char>> value) => names.CopyTo(ref value));
            builder.AddColumn(column.Name, column.Type, annotations.ToAnnotations());
        }
        return builder.ToSchema();
    }

    private static VBuffer<ReadOnlyMemory<char>>? SlotNames(TextColumnSource column, FieldScanner header)
    {
        var names = new ReadOnlyMemory<char>[column.FixedSize];
        int start = 0;
        bool any = false;
        foreach (var segment in column.Segments)
        {
            for (int place = header.Find(segment.Min); place < header.Indices.Count && header.Indices[place] < segment.Limit; place++)
            {
                names[start + header.Indices[place] - segment.Min] = header.Texts[place].Trim();
                any = true;
            }
            start += segment.Limit - segment.Min;
        }
        return any ? new(names.Length, names) : null;
    }

    /// <summary>A loader whose columns are the members of a class.</summary>
    internal static TextLoader Create<TInput>(IHostEnvironment env, Options options, IMultiStreamSource dataSample)
    {
        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance;
        var members = typeof(TInput).GetFields(Public).Concat<MemberInfo>(typeof(TInput).GetProperties(Public)
            .Where(property => property.GetGetMethod() != null && property.GetIndexParameters().Length == 0)).ToArray();
        env.CheckParam(members.Length > 0, nameof(TInput), $"Should define at least one public, readable field or property in {nameof(TInput)}.");
        options.Columns = Array.ConvertAll(members, member =>
        {
            string kind = member is FieldInfo ? "Field" : "Property";
            var fields = member.GetCustomAttribute<LoadColumnAttribute>() ?? throw env.Except($"{kind} '{member.Name}' is missing the {nameof(LoadColumnAttribute)} attribute");
            var type = RowMember.TypeOf(member);
            var itemType = ColumnTypeExtensions.TryPrimitiveTypeFromType(type.IsArray ? type.GetElementType() : type)?.GetRawKind() ?? default;
            if (itemType == default)
                throw Contracts.Except($"{kind} {member.Name} is of unsupported type.");
            return new Column(member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name, itemType, fields.Sources, member.GetCustomAttribute<KeyTypeAttribute>()?.KeyCount);
        });
        return new(env, options, dataSample);
    }

    public DataViewSchema GetOutputSchema() => _schema;

    public IDataView Load(IMultiStreamSource source) => new BoundLoader(this, source);

    /// <summary>What a model file keeps of a loader: options whose columns name all their fields, and the header.</summary>
    private sealed record Saved(Options Options, string Header)
    {
        public static JsonSerializerOptions Json { get; } = new() { IncludeFields = true };
    }

    private static VersionInfo GetVersionInfo() => new("TEXTLOAD", 0x00010001, 0x00010001, 0x00010001, typeof(TextLoader).Assembly.FullName, LoaderSignature);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(GetVersionInfo());
        var options = Clone(_options);
        options.HeaderFile = null;
        options.Columns = Array.ConvertAll(_columns, column => new Column(column.Name, column.ItemType.GetRawKind(),
            Array.ConvertAll(column.Segments, segment => new Range { Min = segment.Min, Max = segment.IsVariable ? null : segment.Limit - 1, VariableEnd = segment.IsVariable, ForceVector = segment.ForceVector }),
            column.ItemType is KeyDataViewType key ? new KeyCount(key.Count) : null));
        ctx.SaveString(JsonSerializer.Serialize(new Saved(options, _header), Saved.Json));
    }

    private static IDataLoader<IMultiStreamSource> Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(GetVersionInfo());
        return new TextLoader(env, JsonSerializer.Deserialize<Saved>(ctx.LoadString(), Saved.Json));
    }

    private sealed class BoundLoader : IDataView
    {
        private readonly TextLoader _loader;
        private readonly IMultiStreamSource _source;

        public BoundLoader(TextLoader loader, IMultiStreamSource source)
        {
            _loader = loader;
            _source = source;
        }

        public DataViewSchema Schema => _loader._schema;

        public bool CanShuffle => false;

        public long? GetRowCount() => null;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
        {
            var cursor = new TextCursor(_loader._host, Schema, _loader._columns, _loader._format, _source, RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema));
            return _loader._format.UseThreads
                ? ParallelCursors.ReadAhead(_loader._host, cursor, ex => _loader._host.ExceptDecode(ex, $"Parsing failed with an exception: {ex.Message}"))
                : cursor;
        }

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];
    }
}
