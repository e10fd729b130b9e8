namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How far training a tokenizer has come.</summary>
/// <param name="Documents">Documents read so far.</param>
/// <param name="Merges">Merges found so far; 0 while documents are read.</param>
/// <param name="MergesWanted">Merges that fill the vocabulary; 0 while documents are read.</param>
public readonly record struct BpeTrainingProgress(long Documents, int Merges, int MergesWanted);
