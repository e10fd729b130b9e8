namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What becomes of the delimiters that a text is split at. The names are those of Hugging Face's tokenizers.</summary>
public enum SplitBehavior
{
    /// <summary>They are left out.</summary>
    Removed,

    /// <summary>Each is a piece of its own.</summary>
    Isolated,

    /// <summary>Each goes to the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>Each goes to the piece after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring ones are one piece together.</summary>
    Contiguous,
}
