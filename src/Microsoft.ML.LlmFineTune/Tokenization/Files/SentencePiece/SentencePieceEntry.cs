namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A piece of a model's file; its id is its place.</summary>
internal readonly record struct SentencePieceEntry(string Piece, float Score, SentencePieceKind Kind);
