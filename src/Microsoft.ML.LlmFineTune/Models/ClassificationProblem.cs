namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What the outputs of a text classifier mean (<c>problem_type</c>).</summary>
public enum ClassificationProblem
{
    /// <summary>One class a text: the softmax of the outputs.</summary>
    SingleLabel,

    /// <summary>Any number of classes a text: the logistic function of each output.</summary>
    MultiLabel,

    /// <summary>The outputs are the numbers themselves.</summary>
    Regression,
}
