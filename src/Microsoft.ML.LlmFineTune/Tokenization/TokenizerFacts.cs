namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What training and generation must know of a tokenizer and the base class <c>Tokenizer</c> doesn't tell.</summary>
/// <param name="VocabularySize">One more than the largest token id.</param>
/// <param name="EndOfText">The token that ends a document and stands between documents; null where there is none.</param>
/// <param name="Padding">The token to pad with; null where there is none.</param>
/// <param name="Unknown">The token for what the vocabulary doesn't have; null where there is none.</param>
public sealed record TokenizerFacts(int VocabularySize, int? EndOfText = null, int? Padding = null, int? Unknown = null);
