using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What a relevance is worth in a discounted cumulative gain.</summary>
public enum NdcgGain
{
    /// <summary>The relevance itself (scikit-learn's).</summary>
    Linear,

    /// <summary>2^relevance - 1 (Burges et al., 2005).</summary>
    Exponential,
}

/// <summary>How documents with equal scores are ranked.</summary>
public enum NdcgTies
{
    /// <summary>Each gets the mean gain of its group (McSherry and Najork, 2008; scikit-learn's default): the figure doesn't depend on their order.</summary>
    Averaged,

    /// <summary>In the order in which they are given.</summary>
    Stable,
}

/// <summary>How a normalised discounted cumulative gain is computed.</summary>
public sealed record NdcgOptions
{
    /// <summary>How many of the first documents count; default null: all; at least 1.</summary>
    public int? K { get; init => field = value is int k ? Require.AtLeast(k, 1, nameof(K)) : null; }

    /// <summary>What a relevance is worth. Default <see cref="NdcgGain.Linear"/>.</summary>
    public NdcgGain Gain { get; init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Gain), value, "Gain must be Linear or Exponential."); }

    /// <summary>How documents with equal scores are ranked. Default <see cref="NdcgTies.Averaged"/>.</summary>
    public NdcgTies Ties { get; init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Ties), value, "Ties must be Averaged or Stable."); }
}
