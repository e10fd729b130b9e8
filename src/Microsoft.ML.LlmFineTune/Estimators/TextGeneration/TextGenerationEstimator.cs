using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextGeneration;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Puts a language model behind a column of prompts, so that it can stand in a pipeline. Fitting checks the column and trains nothing.</summary>
public sealed class TextGenerationEstimator : IEstimator<TextGenerationTransformer>
{
    private readonly LanguageModel _model;
    private readonly TextGenerationOptions _options;

    internal TextGenerationEstimator(LanguageModel model, TextGenerationOptions options)
    {
        (_model, _options) = (Require.NotNull(model), Require.NotNull(options));
        options.Validate();
    }

    /// <summary>The column that the transformer will add; the prompt column is checked.</summary>
    /// <exception cref="ArgumentException">The prompt column is missing or is no text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        SchemaChecks.RequireText(Require.NotNull(inputSchema), _options.PromptColumnName);
        return SchemaShapes.Extend(inputSchema, ContinuationScorer.MakeColumns(_options.GeneratedTextColumnName));
    }

    /// <summary>Checks the prompt column.</summary>
    /// <exception cref="ArgumentException">The prompt column is missing or is no text.</exception>
    public TextGenerationTransformer Fit(IDataView input)
    {
        SchemaChecks.RequireText(Require.NotNull(input).Schema, _options.PromptColumnName);
        return new TextGenerationTransformer(_model, _options);
    }
}
