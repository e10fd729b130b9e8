namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>The continuation of one prompt.</summary>
/// <param name="Text">The new text, without the prompt, the end token and what follows a stop string.</param>
/// <param name="Tokens">The new tokens, as the model gave them.</param>
/// <param name="Reason">Why there are no more.</param>
/// <param name="PromptTokensDropped">How many of the prompt's tokens (its first ones; of an encoder's those before the last) the model could not read for want of positions.</param>
/// <param name="Score">With beams, the sum of the tokens' log-probabilities divided by (number of new tokens) ^ length penalty; else null.</param>
public sealed record GeneratedText(string Text, IReadOnlyList<int> Tokens, FinishReason Reason, int PromptTokensDropped, double? Score = null);
