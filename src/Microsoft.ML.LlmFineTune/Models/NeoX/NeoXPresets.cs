namespace Microsoft.ML.LlmFineTune.Models.NeoX;

/// <summary>Shapes that have proved themselves.</summary>
public static class NeoXPresets
{
    /// <summary>For pretraining in minutes on two cores: 4 layers, 4 heads, width 128, 128 positions, tied (0.8 million weights besides the embedding).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static NeoXConfig Tiny(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, TrainedLength = 128, Width = 128, InnerWidth = 512, Layers = 4, Heads = 4, TieEmbeddings = true,
    };

    /// <summary>Pythia with 14 million weights.</summary>
    public static NeoXConfig PythiaOf14M { get; } = Pythia(width: 128, layers: 6, heads: 4);

    /// <summary>Pythia with 70 million weights.</summary>
    public static NeoXConfig PythiaOf70M { get; } = Pythia(width: 512, layers: 6, heads: 8);

    /// <summary>Pythia with 162 million weights.</summary>
    public static NeoXConfig PythiaOf160M { get; } = Pythia(width: 768, layers: 12, heads: 12);

    /// <summary>Pythia with 405 million weights.</summary>
    public static NeoXConfig PythiaOf410M { get; } = Pythia(width: 1024, layers: 24, heads: 16);

    /// <summary>GPT-NeoX with 20 billion weights.</summary>
    public static NeoXConfig NeoXOf20B { get; } = new() { BeginOfText = 0, EndOfText = [0] };

    private static NeoXConfig Pythia(int width, int layers, int heads) => new()
    {
        VocabularySize = 50304, Width = width, InnerWidth = 4 * width, Layers = layers, Heads = heads, BeginOfText = 0, EndOfText = [0],
    };
}
