using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextTokenization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Puts a tokenizer behind a text column, so that it can stand in a pipeline. Fitting checks the columns and trains nothing.</summary>
public sealed class TextTokenizationEstimator : IEstimator<TextTokenizationTransformer>
{
    private readonly TextTokenizationTransformer _transformer;
    private readonly TextTokenizationOptions _options;

    internal TextTokenizationEstimator(IHostEnvironment environment, Tokenizer tokenizer, TextTokenizationOptions options)
    {
        _options = Require.NotNull(options);
        _transformer = new TextTokenizationTransformer(Require.NotNull(environment), Require.NotNull(tokenizer), options);
    }

    /// <summary>The columns that the transformer will add; the text columns are checked.</summary>
    /// <exception cref="ArgumentException">A text column is missing or is no text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Require.NotNull(inputSchema);
        foreach (string name in _options.TextColumnNames)
            SchemaChecks.RequireText(inputSchema, name);
        return SchemaShapes.Extend(inputSchema, TokenColumns.Make(_options, _transformer.Tokenizer));
    }

    /// <summary>Checks the text columns.</summary>
    /// <exception cref="ArgumentException">A text column is missing or is no text.</exception>
    public TextTokenizationTransformer Fit(IDataView input)
    {
        Require.NotNull(input);
        foreach (string name in _options.TextColumnNames)
            SchemaChecks.RequireText(input.Schema, name);
        return _transformer;
    }
}
