namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>One character of a normalized text, and how it came to be.</summary>
/// <param name="CodePoint">The character.</param>
/// <param name="Change">0: it replaces one source character; 1: it is inserted; -n: it replaces one source character and swallows the n that follow.</param>
internal readonly record struct CharacterChange(int CodePoint, int Change);
