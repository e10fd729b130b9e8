namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a SentencePiece model splits; the numbers are those of its files.</summary>
public enum SentencePieceAlgorithm
{
    /// <summary>The most probable pieces (Kudo, 2018).</summary>
    Unigram = 1,

    /// <summary>Pairs merged by score (Sennrich et al., 2016).</summary>
    Bpe = 2,

    /// <summary>Whole words.</summary>
    Word = 3,

    /// <summary>Single characters.</summary>
    Char = 4,
}
