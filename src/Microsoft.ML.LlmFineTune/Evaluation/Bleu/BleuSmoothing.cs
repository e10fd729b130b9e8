namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What BLEU does with an order of n-grams without a match (Chen and Cherry, WMT 2014).</summary>
public enum BleuSmoothing
{
    /// <summary>"exp", the default: the k-th order without a match counts 1 / 2^k matches (NIST's mteval).</summary>
    Exponential,

    /// <summary>"floor": an order without a match counts <see cref="BleuOptions.SmoothingValue"/> matches, 0.1 by default.</summary>
    Floor,

    /// <summary>"add-k": <see cref="BleuOptions.SmoothingValue"/>, 1 by default, is added to matches and n-grams of every order above 1.</summary>
    AddK,

    /// <summary>"none": one order without a match makes the score 0, up to the rounding of a very small number.</summary>
    None,
}
