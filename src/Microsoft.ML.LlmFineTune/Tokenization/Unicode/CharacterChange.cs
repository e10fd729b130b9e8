namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>One character of the result of a normalization step, in the convention of the tokenizers library's NormalizedString.transform.</summary>
/// <param name="CodePoint">The character; a lone surrogate stands for itself.</param>
/// <param name="Change">0: replaces one character of the source. 1: inserted, none of the source consumed. -n: replaces one and swallows the n that follow.</param>
internal readonly record struct CharacterChange(int CodePoint, int Change);
