using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>One of several ways to split a text.</summary>
/// <param name="Tokens">Its pieces.</param>
/// <param name="Score">The logarithm of its probability: the sum of its pieces' scores. 0 where only one split was asked for.</param>
public sealed record SentencePieceHypothesis(IReadOnlyList<EncodedToken> Tokens, float Score);
