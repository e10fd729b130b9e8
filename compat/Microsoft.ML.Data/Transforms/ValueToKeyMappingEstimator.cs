using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

public sealed class ValueToKeyMappingEstimator : IEstimator<ValueToKeyMappingTransformer>
{
    private readonly IHost _host;
    private readonly ColumnOptions[] _columns;
    private readonly IDataView _keyData;

    internal ValueToKeyMappingEstimator(IHostEnvironment env, ColumnOptions[] columns, IDataView keyData = null)
    {
        _host = Contracts.CheckRef(env, nameof(env)).Register(nameof(ValueToKeyMappingEstimator));
        _host.CheckNonEmpty(columns, nameof(columns));
        if (keyData != null && keyData.Schema.Count != 1)
            throw _host.ExceptParam(nameof(keyData), $"If specified, this data view should contain only a single column containing the terms to map, but this had {keyData.Schema.Count} columns.");
        _columns = columns;
        _keyData = keyData;
    }

    public ValueToKeyMappingTransformer Fit(IDataView input) => new(_host, Contracts.CheckRef(input, nameof(input)), _columns, _keyData);

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var options in _columns)
        {
            if (!inputSchema.TryFindColumn(options.InputColumnName, out var input) || input.ItemType.GetRawKind() == 0)
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", options.InputColumnName);
            // Keys of keys stand for the values of the first keys, where these are known.
            if (!input.IsKey || !input.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var values) || values.Kind != SchemaShape.Column.VectorKind.Vector)
                values = new(AnnotationUtils.Kinds.KeyValues, SchemaShape.Column.VectorKind.Vector, options.AsText ? TextDataViewType.Instance : input.ItemType, input.IsKey);
            var annotations = input.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var slotNames) ? new[] { slotNames, values } : [values];
            columns[options.OutputColumnName] = new(options.OutputColumnName, input.Kind, NumberDataViewType.UInt32, true, new SchemaShape(annotations));
        }
        return new SchemaShape(columns.Values);
    }

    internal sealed class ColumnOptions
    {
        public ColumnOptions(string outputColumnName, string inputColumnName, int maximumNumberOfKeys, KeyOrdinality keyOrdinality, bool asText)
        {
            if (string.IsNullOrWhiteSpace(outputColumnName))
                throw Contracts.ExceptParam(nameof(outputColumnName), $"{nameof(outputColumnName)} cannot be null or white space");
            OutputColumnName = outputColumnName;
            InputColumnName = inputColumnName ?? outputColumnName;
            MaximumNumberOfKeys = maximumNumberOfKeys;
            KeyOrdinality = keyOrdinality;
            AsText = asText;
        }

        public string OutputColumnName { get; }

        public string InputColumnName { get; }

        public int MaximumNumberOfKeys { get; }

        public KeyOrdinality KeyOrdinality { get; }

        public bool AsText { get; }
    }

    public enum KeyOrdinality : byte
    {
        ByOccurrence = 0,
        ByValue = 1,
    }
}
