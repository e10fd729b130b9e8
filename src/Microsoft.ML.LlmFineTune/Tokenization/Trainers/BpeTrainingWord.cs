namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A word as ids of tokens, and how often it occurs.</summary>
internal readonly record struct BpeTrainingWord(int[] Symbols, long Count);
