using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ColumnSelectingTransformer), null, typeof(SignatureLoadModel), "Select Columns Transform", ColumnSelectingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Keeps the named columns in the order of their names, or drops them and keeps all others.</summary>
public sealed class ColumnSelectingTransformer : ITransformer
{
    internal const string LoaderSignature = "SelectColumnsTransform";

    private readonly IHost _host;
    private readonly string[] _names;
    private readonly bool _keep;
    private readonly bool _keepHidden;

    internal ColumnSelectingTransformer(IHostEnvironment env, string[] keepColumns, string[] dropColumns, bool keepHidden)
    {
        _host = Contracts.CheckRef(env, nameof(env)).Register(nameof(ColumnSelectingTransformer));
        _keep = keepColumns is { Length: > 0 };
        bool drop = dropColumns is { Length: > 0 };
        _host.Check(!(_keep && drop), $"Both {nameof(keepColumns)} and {nameof(dropColumns)} are set. Exactly one can be specified.");
        _host.Check(_keep || drop, $"Neither {nameof(keepColumns)} and {nameof(dropColumns)} is set. Exactly one must be specified.");
        _names = _keep ? keepColumns : dropColumns;
        _keepHidden = keepHidden;
    }

    bool ITransformer.IsRowToRowMapper => true;

    private static VersionInfo Version => new("SELCOLST", 0x00010001, 0x00010001, 0x00010001, typeof(ColumnSelectingTransformer).Assembly.FullName, LoaderSignature);

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        CheckSchema(inputSchema, nameof(inputSchema));
        return new ColumnSelection(inputSchema, Select(inputSchema)).OutputSchema;
    }

    public IDataView Transform(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        CheckSchema(input.Schema, nameof(input));
        return new SelectedColumnsView(_host, new ColumnSelection(input.Schema, Select(input.Schema)), input);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        CheckSchema(inputSchema, nameof(inputSchema));
        return new ColumnSelection(inputSchema, Select(inputSchema));
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        ctx.Writer.Write(_keep);
        ctx.Writer.Write(_keepHidden);
        // Reserved: whether missing columns are ignored.
        ctx.Writer.Write(false);
        ctx.Writer.Write(_names.Length);
        foreach (string name in _names)
            ctx.SaveNonEmptyString(name);
    }

    internal bool Keeps(string name) => _names.Contains(name) == _keep;

    internal void CheckColumns(IEnumerable<string> columns, string parameter)
    {
        var missing = _names.Except(columns).ToArray();
        if (missing.Length > 0)
            throw _host.ExceptSchemaMismatch(parameter, "input", string.Join(",", missing));
    }

    private static ColumnSelectingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        bool keep = ctx.Reader.ReadBoolean(), keepHidden = ctx.Reader.ReadBoolean();
        ctx.Reader.ReadBoolean();
        var names = new string[ctx.Reader.ReadInt32()];
        for (int i = 0; i < names.Length; i++)
            names[i] = ctx.LoadNonEmptyString();
        return new ColumnSelectingTransformer(env, keep ? names : null, keep ? null : names, keepHidden);
    }

    private void CheckSchema(DataViewSchema schema, string parameter)
    {
        _host.CheckValue(schema, parameter);
        CheckColumns(schema.Select(column => column.Name), parameter);
    }

    private int[] Select(DataViewSchema schema)
    {
        if (!_keep)
            return schema.Where(column => Keeps(column.Name)).Select(column => column.Index).ToArray();
        return _names.SelectMany(name => schema.Where(column => column.Name == name && (_keepHidden || !column.IsHidden))).Select(column => column.Index).ToArray();
    }
}
