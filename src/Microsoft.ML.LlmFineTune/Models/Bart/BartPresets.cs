namespace Microsoft.ML.LlmFineTune.Models.Bart;

/// <summary>Shapes that have proved themselves.</summary>
public static class BartPresets
{
    /// <summary>For training from scratch in minutes on two cores: 2 + 2 layers, 4 heads, width 128, 256 positions (0.9 million weights besides the embeddings), no dropout.</summary>
    /// <param name="vocabularySize">Entries of the tokenizer; 0 begins a text, 1 is padding, 2 ends a text.</param>
    public static BartConfig Tiny(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, MaximumLength = 256, Width = 128, EncoderLayers = 2, EncoderHeads = 4, EncoderInnerWidth = 512, DecoderLayers = 2, DecoderHeads = 4, DecoderInnerWidth = 512, Dropout = 0,
    };

    /// <summary>The published BART base of 139.4 million weights: 6 + 6 layers, 12 heads, width 768, 1,024 positions, 50,265 tokens.</summary>
    public static BartConfig BartBase { get; } = new()
    {
        Width = 768, EncoderLayers = 6, EncoderHeads = 12, EncoderInnerWidth = 3072, DecoderLayers = 6, DecoderHeads = 12, DecoderInnerWidth = 3072, AttentionDropout = 0.1, ActivationDropout = 0.1,
    };

    /// <summary>The Marian models that OPUS-MT publishes for pairs of languages: 6 + 6 layers, 8 heads, width 512, 512 positions, "swish", scaled embeddings.</summary>
    /// <param name="vocabularySize">Entries of the tokenizer; the last is padding, 0 ends a text.</param>
    public static MarianConfig OpusMt(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, Padding = vocabularySize - 1, DecoderStart = vocabularySize - 1, MaximumLength = 512, Width = 512, EncoderLayers = 6, EncoderHeads = 8, EncoderInnerWidth = 2048,
        DecoderLayers = 6, DecoderHeads = 8, DecoderInnerWidth = 2048, Activation = "swish", ScaleEmbedding = true,
    };
}
