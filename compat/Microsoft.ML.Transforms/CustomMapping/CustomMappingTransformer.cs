using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

public sealed class CustomMappingTransformer<TSrc, TDst> : ITransformer
    where TSrc : class, new()
    where TDst : class, new()
{
    private readonly IHost _host;
    private readonly Action<TSrc, TDst> _mapping;
    private readonly string _contractName;
    private readonly SchemaDefinition _inputDefinition;
    private readonly RowReader<TDst> _output;

    internal CustomMappingTransformer(IHostEnvironment env, Action<TSrc, TDst> mapAction, string contractName, SchemaDefinition inputSchemaDefinition, SchemaDefinition outputSchemaDefinition)
    {
        _host = Contracts.CheckRef(env, nameof(env)).Register("CustomMappingTransformer");
        _host.CheckValue(mapAction, nameof(mapAction));
        _mapping = mapAction;
        _contractName = contractName;
        _inputDefinition = inputSchemaDefinition;
        _output = new RowReader<TDst>(outputSchemaDefinition ?? SchemaDefinition.Create(typeof(TDst), SchemaDefinition.Direction.Write));
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
        return new RowToRowMapperTransform(_host, input, MakeMapper(input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return new RowToRowMapperTransform(_host, new EmptyDataView(_host, inputSchema), MakeMapper(inputSchema));
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => CustomMappingContract.Save(_host, ctx, _contractName, _mapping);

    internal SchemaShape OutputShape(SchemaShape inputSchema)
        => CustomMappingShape.Output(inputSchema, new RowReader<TSrc>(_inputDefinition).Schema, _output.Schema);

    private IRowMapper MakeMapper(DataViewSchema schema) => new CustomRowMapper<TSrc, TDst>(_host, schema, _inputDefinition, _output, () => _mapping);
}
