namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>What a row begins with.</summary>
internal sealed record DecodingPrompt
{
    /// <summary>Number in the batch, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The prompt as it was given.</summary>
    public required IReadOnlyList<int> Given { get; init; }

    /// <summary>Tokens that the model continues; at least one.</summary>
    public required int[] Tokens { get; init; }

    /// <summary>How many of the text's first tokens are missing, for want of positions.</summary>
    public int Dropped { get; init; }

    /// <summary>What the encoder reads; of a model without one the prompt.</summary>
    public required int[] Source { get; init; }

    /// <summary>Most new tokens; at least 1.</summary>
    public required int Limit { get; init; }
}
