namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What SentencePiece's training gives.</summary>
/// <param name="Pieces">The pieces in the order of their ids.</param>
/// <param name="TooLong">Texts that were left out because they are longer than the options allow.</param>
internal sealed record SentencePieceTrainingResult(IReadOnlyList<SentencePieceEntry> Pieces, long TooLong);
