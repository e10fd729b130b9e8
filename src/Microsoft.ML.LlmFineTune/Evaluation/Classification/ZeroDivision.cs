namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What a score is whose denominator is 0: the precision of a class that was never predicted, the recall of a class that never occurs (scikit-learn: <c>zero_division</c>).</summary>
public enum ZeroDivision
{
    /// <summary>0.</summary>
    Zero,

    /// <summary>1.</summary>
    One,

    /// <summary>NaN; means over classes (or rows) leave it out.</summary>
    NaN,
}
