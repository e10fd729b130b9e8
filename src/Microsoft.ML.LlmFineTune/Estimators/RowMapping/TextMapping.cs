using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>A scorer on text columns, whatever its results are.</summary>
internal interface ITextMapping
{
    /// <summary>The mapping of single rows, bound to a schema.</summary>
    IRowToRowMapper Bind(DataViewSchema input);

    /// <summary>The mapping of a whole view.</summary>
    IDataView Apply(IDataView input);
}

/// <inheritdoc cref="ITextMapping"/>
internal sealed class TextMapping<TResult>(IReadOnlyList<string> textColumnNames, IBatchScorer<TResult> scorer) : ITextMapping
{
    internal TextMapping(string textColumnName, IBatchScorer<TResult> scorer) : this([textColumnName], scorer)
    {
    }

    public IRowToRowMapper Bind(DataViewSchema input) => new RowMapper<TResult>(input, textColumnNames, scorer);

    public IDataView Apply(IDataView input) => new ScoredDataView<TResult>(input, new RowMapper<TResult>(input.Schema, textColumnNames, scorer));
}
