namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How figures of several classes (or of pairs of classes) become one.</summary>
public enum ClassAveraging
{
    /// <summary>Their mean.</summary>
    Macro,

    /// <summary>Their mean, weighted by the share of the rows that have the class (or one of the pair).</summary>
    Weighted,
}
