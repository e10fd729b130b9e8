namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Which of two classes with equal scores comes first in top-k accuracy.</summary>
public enum TopKTies
{
    /// <summary>The class with the higher index, as in scikit-learn's <c>top_k_accuracy_score</c> (for two classes the positive one is the answer where its score is above 0.5).</summary>
    HigherIndexFirst,

    /// <summary>The class with the lower index, as in ML.NET and as <c>argmax</c>.</summary>
    LowerIndexFirst,
}
