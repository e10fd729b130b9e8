namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A token of a word and the bytes of the word that it stands for.</summary>
internal readonly record struct BpePiece(int Id, int Start, int End);
