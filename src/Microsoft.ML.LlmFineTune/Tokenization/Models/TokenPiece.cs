namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A token of a word and the UTF-16 units of the word that it stands for.</summary>
internal readonly record struct TokenPiece(int Id, int Start, int End);
