namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What encoding does beside finding the tokens of a text.</summary>
public sealed record EncodingOptions
{
    /// <summary>Whether the post-processor's special tokens stand around the text; default true.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>How long texts are cut; null, the default, doesn't.</summary>
    public TruncationOptions? Truncation { get; init; }

    /// <summary>How encodings are padded; null, the default, doesn't.</summary>
    public PaddingOptions? Padding { get; init; }

    /// <summary>Threads that encode a batch; null, the default, takes one a core. At least 1.</summary>
    public int? Threads { get; init; }
}
