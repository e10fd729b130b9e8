using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms.Text;

public sealed class TextNormalizingEstimator : TrivialEstimator<TextNormalizingTransformer>
{
    internal const string ExpectedColumnType = "String or vector of String";

    internal TextNormalizingEstimator(IHostEnvironment env, TextNormalization normalization, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(TextNormalizingEstimator)), new TextNormalizingTransformer(env, normalization, columns))
    {
    }

    public enum CaseMode
    {
        Lower = 0,
        Upper = 1,
        None = 2,
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
            var kind = source.Kind == SchemaShape.Column.VectorKind.Scalar ? source.Kind : SchemaShape.Column.VectorKind.VariableVector;
            columns[output] = new(output, kind, source.ItemType, false);
        }
        return new SchemaShape(columns.Values);
    }
}
