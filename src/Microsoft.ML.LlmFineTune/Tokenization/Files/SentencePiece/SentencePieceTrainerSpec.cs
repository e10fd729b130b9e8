namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a model's file says of its training, as far as encoding depends on it. Defaults are those of the format.</summary>
internal sealed record SentencePieceTrainerSpec
{
    public SentencePieceAlgorithm Algorithm { get; init; } = SentencePieceAlgorithm.Unigram;
    public bool TreatWhitespaceAsSuffix { get; init; }
    public bool ByteFallback { get; init; }
    public int UnknownId { get; init; }
    public int BeginId { get; init; } = 1;
    public int EndId { get; init; } = 2;
    public int PaddingId { get; init; } = -1;
    public string UnknownPiece { get; init; } = "<unk>";
    public string BeginPiece { get; init; } = "<s>";
    public string EndPiece { get; init; } = "</s>";
    public string PaddingPiece { get; init; } = "<pad>";

    /// <summary>What the unknown piece is decoded to.</summary>
    public string UnknownSurface { get; init; } = " \u2047 ";
}
