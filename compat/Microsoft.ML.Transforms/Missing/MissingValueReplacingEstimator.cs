using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

public sealed class MissingValueReplacingEstimator : IEstimator<MissingValueReplacingTransformer>
{
    private readonly IHost _host;
    private readonly (string outputColumnName, string inputColumnName)[] _columns;
    private readonly ReplacementMode _mode;
    private readonly bool _imputeBySlot;

    internal MissingValueReplacingEstimator(IHostEnvironment env, ReplacementMode mode, bool imputeBySlot, params (string outputColumnName, string inputColumnName)[] columns)
    {
        _host = Contracts.CheckRef(env, nameof(env)).Register(nameof(MissingValueReplacingEstimator));
        foreach (var (output, _) in columns)
            Contracts.CheckParam(!string.IsNullOrWhiteSpace(output), "name", "Value must not be white space");
        _columns = columns;
        _mode = mode;
        _imputeBySlot = imputeBySlot;
    }

    public enum ReplacementMode : byte
    {
        DefaultValue = 0,
        Mean = 1,
        Minimum = 2,
        Maximum = 3,
        Mode = 5,
    }

    public MissingValueReplacingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        var sources = Array.ConvertAll(_columns, column => input.Schema.GetColumnOrNull(column.inputColumnName) ?? throw _host.ExceptSchemaMismatch(nameof(input), "input", column.inputColumnName));
        foreach (var source in sources)
            CheckType(source.Type.GetItemType(), "inputSchema");
        var types = Array.ConvertAll(sources, source => source.Type);
        if (_mode == ReplacementMode.DefaultValue)
            return new MissingValueReplacingTransformer(_host, _columns, types, Array.ConvertAll(types, MissingValueReplacement.Default));

        using var channel = _host.Start("Computing Statistics");
        using var cursor = input.GetRowCursor(sources);
        var statistics = Array.ConvertAll(sources, source =>
        {
            if (_imputeBySlot && source.Type is VectorDataViewType { IsKnownSize: false })
                channel.Warning("By-slot imputation can not be done on variable-length column");
            return MissingValueStatistics.Create(cursor, source, _mode, _imputeBySlot);
        });
        while (cursor.MoveNext())
        {
            foreach (var column in statistics)
                column.Add();
        }
        return new MissingValueReplacingTransformer(_host, _columns, types, Array.ConvertAll(statistics, column => column.Finish()));
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var (output, input) in _columns)
        {
            if (!inputSchema.TryFindColumn(input, out var source))
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", input);
            CheckType(source.ItemType, nameof(inputSchema));
            var annotations = source.Annotations.Where(annotation => annotation.Name is AnnotationUtils.Kinds.SlotNames or AnnotationUtils.Kinds.IsNormalized);
            columns[output] = new(output, source.Kind, source.ItemType, false, new SchemaShape(annotations));
        }
        return new SchemaShape(columns.Values);
    }

    private void CheckType(DataViewType item, string parameter)
    {
        if (MissingValueReplacement.WhyNot(item) is { } reason)
            throw _host.ExceptParam(parameter, reason);
    }
}
