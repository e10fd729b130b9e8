using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>A scorer on a text column, whatever its results are.</summary>
internal interface ITextMapping
{
    /// <summary>The mapping of single rows, bound to a schema.</summary>
    IRowToRowMapper Bind(DataViewSchema input);

    /// <summary>The mapping of a whole view.</summary>
    IDataView Apply(IDataView input);
}

/// <inheritdoc cref="ITextMapping"/>
internal sealed class TextMapping<TResult>(string textColumnName, IBatchScorer<TResult> scorer) : ITextMapping
{
    public IRowToRowMapper Bind(DataViewSchema input) => new RowMapper<TResult>(input, textColumnName, scorer);

    public IDataView Apply(IDataView input) => new ScoredDataView<TResult>(input, new RowMapper<TResult>(input.Schema, textColumnName, scorer));
}
