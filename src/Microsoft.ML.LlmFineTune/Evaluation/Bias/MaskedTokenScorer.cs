namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A masked language model: for each position, the natural logarithm of the probability of the token that stands there when it alone is replaced by the mask token.</summary>
/// <param name="ids">The sentence's tokens with those that frame it ([CLS], [SEP]).</param>
/// <param name="positions">The positions that are asked for.</param>
/// <returns>One logarithm a position, in their order.</returns>
public delegate IReadOnlyList<double> MaskedTokenScorer(IReadOnlyList<int> ids, IReadOnlyList<int> positions);
