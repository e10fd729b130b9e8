namespace Microsoft.ML.LlmFineTune.Models.ModernBert;

/// <summary>Shapes that have proved themselves.</summary>
public static class ModernBertPresets
{
    /// <summary>For pretraining in minutes on two cores: 4 layers, 4 heads, width 128, 256 positions, windows of 64 (0.5 million weights besides the embedding).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static ModernBertConfig Tiny(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, MaximumLength = 256, Width = 128, Layers = 4, Heads = 4, InnerWidth = 192, LocalWindow = 64,
    };

    /// <summary>The published ModernBERT-base of 149 million weights: 22 layers, 12 heads, width 768, 8,192 positions, 50,368 tokens.</summary>
    public static ModernBertConfig Base { get; } = new()
    {
        ClassifierPooling = Layers.Pooling.Mean, BeginOfText = 50281, EndOfText = [50282], Padding = 50283,
    };

    /// <summary>The published ModernBERT-large of 395 million weights: 28 layers, 16 heads, width 1,024.</summary>
    public static ModernBertConfig Large { get; } = Base with { Width = 1024, Layers = 28, Heads = 16, InnerWidth = 2624 };
}
