namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What training a unigram language model gives.</summary>
/// <param name="Pieces">The pieces with their logarithmic probabilities, in the order of their ids: special tokens (0) first, then by score.</param>
/// <param name="UnknownId">The id of the unknown token; null if there is none.</param>
internal sealed record UnigramTrainingResult(IReadOnlyList<(string Piece, double Score)> Pieces, int? UnknownId);
