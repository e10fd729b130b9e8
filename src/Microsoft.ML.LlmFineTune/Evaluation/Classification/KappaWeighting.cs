namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How much a disagreement counts in Cohen's kappa, by the distance of the two classes in the list of classes (scikit-learn: <c>cohen_kappa_score</c>, <c>weights</c>).</summary>
public enum KappaWeighting
{
    /// <summary>1 for any two different classes.</summary>
    None,

    /// <summary>The distance.</summary>
    Linear,

    /// <summary>The squared distance.</summary>
    Quadratic,
}
