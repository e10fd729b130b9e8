using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextEmbedding;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Puts a model that turns texts into vectors behind a text column, so that ML.NET's trainers can stand on it. Fitting checks the column and trains nothing.</summary>
public sealed class TextEmbeddingEstimator : IEstimator<TextEmbeddingTransformer>
{
    private readonly TextEmbeddingTransformer _transformer;

    internal TextEmbeddingEstimator(IHostEnvironment environment, TextModel model, TextEmbeddingOptions options) =>
        _transformer = TextEmbeddingTransformer.Of(Require.NotNull(environment), Require.NotNull(model), Require.NotNull(options));

    /// <summary>The column that the transformer will add; the text column is checked.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        SchemaChecks.RequireText(Require.NotNull(inputSchema), _transformer.TextColumnName);
        return SchemaShapes.Extend(inputSchema, EmbeddingScorer.MakeColumns(_transformer.EmbeddingColumnName, _transformer.Width));
    }

    /// <summary>Checks the text column.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text.</exception>
    public TextEmbeddingTransformer Fit(IDataView input)
    {
        SchemaChecks.RequireText(Require.NotNull(input).Schema, _transformer.TextColumnName);
        return _transformer;
    }
}
