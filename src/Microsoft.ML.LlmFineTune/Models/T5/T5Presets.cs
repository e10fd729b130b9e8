namespace Microsoft.ML.LlmFineTune.Models.T5;

/// <summary>Shapes that have proved themselves.</summary>
public static class T5Presets
{
    /// <summary>For training from scratch in minutes on two cores: 2 + 2 layers, 4 heads of 32, width 128, gated (0.8 million weights besides the embedding), no dropout.</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static T5Config Tiny(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, Width = 128, HeadSize = 32, Heads = 4, InnerWidth = 256, EncoderLayers = 2, DecoderLayers = 2, Activation = "gelu_new", IsGated = true, Dropout = 0,
    };

    /// <summary>The published t5-small of 60.5 million weights: 6 + 6 layers, 8 heads, width 512, 32,128 tokens.</summary>
    public static T5Config T5Small { get; } = new();

    /// <summary>The published Flan-T5 (and T5 1.1) base of 247.6 million weights: 12 + 12 layers, 12 heads, width 768, gated, 32,128 tokens, a head of its own.</summary>
    public static T5Config FlanT5Base { get; } = new()
    {
        Width = 768, InnerWidth = 2048, EncoderLayers = 12, DecoderLayers = 12, Heads = 12, Activation = "gelu_new", IsGated = true, TieEmbeddings = false, ScaleDecoderOutputs = false,
    };
}
