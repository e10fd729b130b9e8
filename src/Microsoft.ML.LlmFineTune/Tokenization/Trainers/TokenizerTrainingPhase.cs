namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The parts of training a tokenizer.</summary>
public enum TokenizerTrainingPhase
{
    /// <summary>Texts are read and their words counted; progress counts texts.</summary>
    CountingWords,

    /// <summary>Words become symbols whose pairs are counted (BPE, WordPiece); progress counts words.</summary>
    CountingPairs,

    /// <summary>Pairs are merged (BPE, WordPiece); progress counts entries of the vocabulary.</summary>
    Merging,

    /// <summary>Frequent substrings are searched (Unigram); progress counts steps of the search.</summary>
    FindingPieces,

    /// <summary>Expectation maximization and pruning (Unigram); progress counts the pieces that are gone, of those that have to go.</summary>
    Pruning,
}
