namespace Microsoft.ML.LlmFineTune.Models.Gpt2;

/// <summary>Shapes that have proved themselves.</summary>
public static class Gpt2Presets
{
    /// <summary>For pretraining in minutes on two cores: 4 layers, 4 heads, width 128, 128 positions, no dropout, no biases (0.8 million weights besides the embeddings).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static Gpt2Config Tiny(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, MaximumLength = 128, Width = 128, Layers = 4, Heads = 4,
        EmbeddingDropout = 0, AttentionDropout = 0, ResidualDropout = 0, HasBias = false,
    };

    /// <summary>For pretraining in hours on a few cores, or minutes on a GPU: 6 layers, 6 heads, width 384, 256 positions (10.6 million weights besides the embeddings).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static Gpt2Config Small(int vocabularySize) => Tiny(vocabularySize) with { MaximumLength = 256, Width = 384, Layers = 6, Heads = 6 };

    /// <summary>The published GPT-2 of 124 million weights: 12 layers, 12 heads, width 768, 1,024 positions, 50,257 tokens.</summary>
    public static Gpt2Config Gpt2 { get; } = new() { BeginOfText = 50256, EndOfText = [50256] };
}
