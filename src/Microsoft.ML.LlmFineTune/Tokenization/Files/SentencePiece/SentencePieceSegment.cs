namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A piece found in a normalized text.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Id">Its id; the unknown piece's where the vocabulary does not have it.</param>
internal readonly record struct SentencePieceSegment(int Start, int Length, int Id);
