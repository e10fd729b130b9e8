namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How far the training of a tokenizer has come.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Done">Texts read, pieces looked at, merges found or rounds done in this phase.</param>
/// <param name="Total">What <paramref name="Done"/> will be at the end of the phase at most; 0 where nobody knows yet.</param>
public readonly record struct TokenizerTrainingProgress(TokenizerTrainingPhase Phase, long Done, long Total);
