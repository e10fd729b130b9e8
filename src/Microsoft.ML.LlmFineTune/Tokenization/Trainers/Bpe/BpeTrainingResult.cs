namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What training byte pair encoding gives.</summary>
/// <param name="Vocabulary">The tokens in the order of their ids.</param>
/// <param name="Merges">The merges in the order of their ranks.</param>
internal sealed record BpeTrainingResult(IReadOnlyList<string> Vocabulary, IReadOnlyList<(string Left, string Right)> Merges);
