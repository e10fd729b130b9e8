namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>What a task puts behind its columns: texts in, one result a text out, many at a time.</summary>
internal interface IBatchScorer<TResult>
{
    /// <summary>The columns that are added, in schema order.</summary>
    IReadOnlyList<OutputColumn<TResult>> Columns { get; }

    /// <summary>How many rows a cursor reads ahead at most; 1 or more.</summary>
    int LookAhead { get; }

    /// <summary>One result for each row, in order. What only inactive columns need is not computed.</summary>
    /// <param name="texts">The rows' texts, of at least one row; where several columns are read, all of a row's follow each other.</param>
    /// <param name="active">By index in <see cref="Columns"/>: which values will be read.</param>
    TResult[] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active);

    /// <summary>The scorer of one reader: itself, or one that tells what it saw.</summary>
    /// <param name="rowByRow">Whether rows come one at a time and nobody knows the last one (a <c>PredictionEngine</c>); otherwise the scorer is disposed with the walk.</param>
    IBatchScorer<TResult> Begin(bool rowByRow) => this;
}
