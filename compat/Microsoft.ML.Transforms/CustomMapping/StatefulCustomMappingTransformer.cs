using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>A mapping with a state for each cursor, which therefore sees the rows in order, on the caller's thread.</summary>
public sealed class StatefulCustomMappingTransformer<TSrc, TDst, TState> : ITransformer
    where TSrc : class, new()
    where TDst : class, new()
    where TState : class, new()
{
    private readonly IHost _host;
    private readonly Action<TSrc, TDst, TState> _mapping;
    private readonly Action<TState> _initializeState;
    private readonly string _contractName;
    private readonly RowReader<TDst> _output = new(SchemaDefinition.Create(typeof(TDst), SchemaDefinition.Direction.Write));

    internal StatefulCustomMappingTransformer(IHostEnvironment env, Action<TSrc, TDst, TState> mapAction, string contractName, Action<TState> stateInitAction)
    {
        _host = Contracts.CheckRef(env, nameof(env)).Register("StatefulCustomMappingTransformer");
        _host.CheckValue(mapAction, nameof(mapAction));
        _host.CheckValue(stateInitAction, nameof(stateInitAction));
        _mapping = mapAction;
        _initializeState = stateInitAction;
        _contractName = contractName;
    }

    bool ITransformer.IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return RowToRowMapperTransform.GetOutputSchema(inputSchema, MakeMapper(inputSchema));
    }

    public IDataView Transform(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        return new RowToRowMapperTransform(_host, input, MakeMapper(input.Schema), inOrder: true);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return new RowToRowMapperTransform(_host, new EmptyDataView(_host, inputSchema), MakeMapper(inputSchema), inOrder: true);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => CustomMappingContract.Save(_host, ctx, _contractName, _mapping);

    internal SchemaShape OutputShape(SchemaShape inputSchema) => CustomMappingShape.Output(inputSchema, new RowReader<TSrc>(null).Schema, _output.Schema);

    private IRowMapper MakeMapper(DataViewSchema schema) => new CustomRowMapper<TSrc, TDst>(_host, schema, null, _output, () =>
    {
        var state = new TState();
        _initializeState(state);
        return (source, target) => _mapping(source, target, state);
    });
}
