using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>One row before it is padded: tokens, and what the objective is told of them.</summary>
/// <param name="Tokens">What the model reads; at least one token.</param>
/// <param name="Targets">
/// One target a token (already shifted where the model is asked for the next one), one for the row, or a sequence of its own; <see cref="TokenBatch.Ignored"/> where there is none; empty where the objective needs none.
/// </param>
public sealed record TokenRow(int[] Tokens, int[] Targets)
{
    /// <summary>Which of two texts each token belongs to, 0 or 1; null: all belong to the first.</summary>
    public int[]? Segments { get; init; }

    /// <summary>The number of the document each token belongs to, from 0; null: all are one document.</summary>
    public int[]? Documents { get; init; }

    /// <summary>Targets that are numbers; null: there are none.</summary>
    public float[]? Values { get; init; }

    /// <summary>The log-probability that a reference model gives each target, as many as <see cref="Targets"/>; null: nobody has computed them.</summary>
    public float[]? ReferenceLogProbabilities { get; init; }

    /// <summary>Whether each token has a target of its own.</summary>
    internal bool HasTargetsOfTokens => Targets.Length == Tokens.Length;

    /// <summary>Demands that the parts fit each other.</summary>
    /// <param name="row">The row's number, for the message.</param>
    /// <exception cref="ArgumentException">They do not.</exception>
    internal void Validate(int row)
    {
        Require.NotNull(Tokens);
        Require.NotNull(Targets);
        Require.Argument(Tokens.Length > 0, $"A row needs at least one token; row {row} has none. Leave empty texts out, or give them a special token.");
        Require.Argument(Segments is null || Segments.Length == Tokens.Length, $"Row {row} has {Tokens.Length} tokens, so it needs as many segments; received {Segments?.Length}.");
        Require.Argument(Documents is null || Documents.Length == Tokens.Length, $"Row {row} has {Tokens.Length} tokens, so it needs as many document numbers; received {Documents?.Length}.");
        Require.Argument(ReferenceLogProbabilities is null || ReferenceLogProbabilities.Length == Targets.Length, $"Row {row} has {Targets.Length} targets, so it needs as many reference log-probabilities; received {ReferenceLogProbabilities?.Length}.");
    }

    internal void AddTo(ref BatchFingerprint hash)
    {
        hash.Add(Tokens);
        hash.Add(Targets);
        hash.Add(Segments);
        hash.Add(Documents);
        hash.Add(Values);
        hash.Add(ReferenceLogProbabilities);
    }
}
