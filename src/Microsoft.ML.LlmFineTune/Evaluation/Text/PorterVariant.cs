namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Which form of Porter's stemmer, by nltk's names.</summary>
public enum PorterVariant
{
    /// <summary>NLTK_EXTENSIONS, nltk's default: a table of irregular forms, and departures for short words and for -y, -ied, -alli, -fulli, -logi. ROUGE and METEOR use it.</summary>
    NltkExtensions,

    /// <summary>MARTIN_EXTENSIONS: the algorithm with the departures that Porter himself made later.</summary>
    MartinExtensions,

    /// <summary>ORIGINAL_ALGORITHM: as published in 1980.</summary>
    OriginalAlgorithm,
}
