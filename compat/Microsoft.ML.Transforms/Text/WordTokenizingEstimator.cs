using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms.Text;

public sealed class WordTokenizingEstimator : TrivialEstimator<WordTokenizingTransformer>
{
    internal const string ExpectedColumnType = "String or Vector of String";

    internal WordTokenizingEstimator(IHostEnvironment env, char[] separators, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(WordTokenizingEstimator)), new WordTokenizingTransformer(env, separators, columns))
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var (output, input) in Transformer.ColumnPairs)
        {
            if (!inputSchema.TryFindColumn(input, out var source))
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input);
            if (source.ItemType is not TextDataViewType)
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input, ExpectedColumnType, source.ItemType.ToString());
            columns[output] = new(output, SchemaShape.Column.VectorKind.VariableVector, source.ItemType, false);
        }
        return new SchemaShape(columns.Values);
    }
}
