namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Which text of a pair is cut.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer one, until both are equally long; then both.</summary>
    LongestFirst,

    /// <summary>The first one only.</summary>
    OnlyFirst,

    /// <summary>The second one only.</summary>
    OnlySecond,
}

/// <summary>Where tokens are cut off.</summary>
public enum TruncationSide
{
    /// <summary>At the beginning.</summary>
    Left,

    /// <summary>At the end.</summary>
    Right,
}

/// <summary>How texts that are too long are cut.</summary>
public sealed record TruncationOptions
{
    /// <summary>The most tokens of an encoding, special tokens among them; 0 or more. Default 512. Where it is below the number of special tokens, nothing is cut, as in the reference.</summary>
    public int MaximumLength { get; init; } = 512;

    /// <summary>Which text of a pair is cut; default <see cref="TruncationStrategy.LongestFirst"/>.</summary>
    public TruncationStrategy Strategy { get; init; } = TruncationStrategy.LongestFirst;

    /// <summary>How many tokens a window of the overflow shares with the one before it; below the room that special tokens leave. Default 0.</summary>
    public int Stride { get; init; }

    /// <summary>Where tokens are cut off; default <see cref="TruncationSide.Right"/>.</summary>
    public TruncationSide Side { get; init; } = TruncationSide.Right;
}
