namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a repetition tries.</summary>
internal enum RepetitionKind
{
    Greedy,
    Lazy,

    /// <summary>Greedy, and gives nothing back.</summary>
    Possessive,
}
