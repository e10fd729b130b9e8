namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What the cells of a confusion matrix are divided by (scikit-learn: <c>confusion_matrix</c>, <c>normalize</c>).</summary>
public enum ConfusionNormalization
{
    /// <summary>The sum of the row: shares of each actual class (<c>'true'</c>).</summary>
    Actual,

    /// <summary>The sum of the column: shares of each predicted class (<c>'pred'</c>).</summary>
    Predicted,

    /// <summary>The sum of all cells (<c>'all'</c>).</summary>
    All,
}
