using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

public sealed class NormalizingEstimator : IEstimator<NormalizingTransformer>
{
    private readonly IHost _host;
    private readonly (string outputColumnName, string inputColumnName)[] _columns;
    private readonly NormalizationOptions _options;

    internal NormalizingEstimator(IHostEnvironment env, NormalizationOptions options, params (string outputColumnName, string inputColumnName)[] columns)
    {
        _host = Contracts.CheckRef(env, nameof(env)).Register(nameof(NormalizingEstimator));
        foreach (var (output, input) in columns)
        {
            Contracts.CheckNonEmpty(output, "name");
            Contracts.CheckNonEmpty(input, nameof(input) + "ColumnName");
        }
        Contracts.CheckParam(options.Rows > 1, "maximumExampleCount", "Must be greater than 1");
        _columns = columns;
        _options = options;
    }

    public NormalizingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        var sources = Array.ConvertAll(_columns, column => input.Schema.GetColumnOrNull(column.inputColumnName) ?? throw _host.ExceptSchemaMismatch("data", "input", column.inputColumnName));
        foreach (var source in sources)
        {
            var item = source.Type.GetItemType();
            if ((item != NumberDataViewType.Single && item != NumberDataViewType.Double) || source.Type.GetValueCount() == 0)
                throw Contracts.ExceptParam("srcType", $"Wrong column type for input column. Expected: Single, Double, Vector of Single or Vector of Double. Got: {source.Type}.");
        }

        using var cursor = input.GetRowCursor(sources);
        var statistics = Array.ConvertAll(sources, source => SlotStatistics.Create(cursor, source));
        for (long row = 0; row < _options.Rows && cursor.MoveNext(); row++)
        {
            foreach (var column in statistics)
                column.Add();
        }
        return new NormalizingTransformer(_host, _columns, Array.ConvertAll(sources, source => source.Type), Array.ConvertAll(statistics, column => column.Finish(_options)));
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var (output, input) in _columns)
        {
            if (!inputSchema.TryFindColumn(input, out var column))
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", input);
            if (column.Kind == SchemaShape.Column.VectorKind.VariableVector)
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", input, "known-size vector or scalar", column.GetTypeString());
            if (!column.ItemType.Equals(NumberDataViewType.Single) && !column.ItemType.Equals(NumberDataViewType.Double))
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", input, "vector or scalar of Single or Double", column.GetTypeString());
            var annotations = new List<SchemaShape.Column> { new(AnnotationUtils.Kinds.IsNormalized, SchemaShape.Column.VectorKind.Scalar, BooleanDataViewType.Instance, false) };
            if (column.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var slotNames))
                annotations.Add(slotNames);
            columns[output] = new(output, column.Kind, column.ItemType, column.IsKey, new SchemaShape(annotations));
        }
        return new SchemaShape(columns.Values);
    }
}
