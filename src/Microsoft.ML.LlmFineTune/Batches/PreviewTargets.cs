namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>What the targets of a batch stand for, so that people can be shown which tokens are trained.</summary>
public enum PreviewTargets
{
    /// <summary>There are no targets, or they are numbers (<see cref="TokenBatch.Values"/>).</summary>
    None = 0,

    /// <summary>The token after each: a token is trained where the target of the one before it is not ignored.</summary>
    NextToken = 1,

    /// <summary>Something about each token itself: the token that was masked, a label.</summary>
    SameToken = 2,

    /// <summary>One class a row.</summary>
    Row = 3,

    /// <summary>A sequence of its own a row: the tokens to write, the first and the last token of an answer.</summary>
    Sequence = 4,
}
