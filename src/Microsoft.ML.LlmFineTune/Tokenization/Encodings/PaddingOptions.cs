namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Where padding stands.</summary>
public enum PaddingSide
{
    /// <summary>Before the tokens.</summary>
    Left,

    /// <summary>After the tokens.</summary>
    Right,
}

/// <summary>How encodings of a batch are brought to one length.</summary>
public sealed record PaddingOptions
{
    /// <summary>The length; null, the default, takes that of the longest of the batch. Longer ones stay longer.</summary>
    public int? Length { get; init; }

    /// <summary>The length is raised to a multiple of this; null, the default, and 0 don't.</summary>
    public int? MultipleOf { get; init; }

    /// <summary>The id of padding; default 0.</summary>
    public int Id { get; init; }

    /// <summary>The type id of padding; default 0.</summary>
    public int TypeId { get; init; }

    /// <summary>How padding is spelled; null takes the vocabulary's spelling. Default <c>[PAD]</c>.</summary>
    public string? Token { get; init; } = "[PAD]";

    /// <summary>Where padding stands; default <see cref="PaddingSide.Right"/>.</summary>
    public PaddingSide Side { get; init; } = PaddingSide.Right;
}
