namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>How an average of weights begins.</summary>
public enum WeightAverageKind
{
    /// <summary>With the initial weights, which fade as slowly as all others.</summary>
    Plain = 0,

    /// <summary>With the initial weights, and a decay rate that rises: in update t the smaller of the decay and (1 + t) / (10 + t).</summary>
    Warmup = 1,

    /// <summary>With 0, which is corrected for as in Adam: the average of the weights seen, divided by 1 - decay^t.</summary>
    Debiased = 2,
}
