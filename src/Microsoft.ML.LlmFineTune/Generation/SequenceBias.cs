namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Makes a sequence of tokens more or less likely.</summary>
/// <param name="Tokens">At least one id. The bias acts on the last one, where the tokens before it stand at the row's end.</param>
/// <param name="Bias">What is added to its score; above 0 more likely.</param>
public sealed record SequenceBias(IReadOnlyList<int> Tokens, double Bias);
