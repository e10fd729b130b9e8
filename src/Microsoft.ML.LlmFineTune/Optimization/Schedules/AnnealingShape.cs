namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>The way from one factor to another.</summary>
public enum AnnealingShape
{
    /// <summary>A straight line.</summary>
    Linear = 0,

    /// <summary>Half a cosine: slow at both ends.</summary>
    Cosine = 1,

    /// <summary>One less the root of the part of the way that lies on the lower side: fast at the upper end of a decay, slow at the lower end of a rise.</summary>
    OneMinusRoot = 2,
}
