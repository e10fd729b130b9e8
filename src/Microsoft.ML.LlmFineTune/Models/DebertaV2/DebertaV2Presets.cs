namespace Microsoft.ML.LlmFineTune.Models.DebertaV2;

/// <summary>Shapes that have proved themselves.</summary>
public static class DebertaV2Presets
{
    /// <summary>For pretraining in minutes on two cores: 4 layers, 4 heads, width 128, distances in 32 buckets (0.8 million weights besides the embedding).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static DebertaV2Config Tiny(int vocabularySize) => Base with
    {
        VocabularySize = vocabularySize, MaximumLength = 128, Width = 128, Layers = 4, Heads = 4, InnerWidth = 512, DistanceBuckets = 32,
    };

    /// <summary>The published DeBERTa-v3-small: 6 layers, otherwise as <see cref="Base"/> (44 million weights besides the embedding of 98 million).</summary>
    public static DebertaV2Config Small { get; } = Shape(layers: 6);

    /// <summary>The published DeBERTa-v3-base: 12 layers, 12 heads, width 768, 512 positions, 128,100 tokens (86 million weights besides the embedding of 98 million).</summary>
    public static DebertaV2Config Base { get; } = Shape(layers: 12);

    private static DebertaV2Config Shape(int layers) => new()
    {
        Width = 768, Layers = layers, Heads = 12, InnerWidth = 3072, AddsPositions = false, HasRelativeAttention = true, PositionScores = [PositionScore.PositionToContent, PositionScore.ContentToPosition],
        SharesProjections = true, DistanceBuckets = 256, NormalizesPositions = true, HasLegacyHead = false, Padding = 0,
    };
}
