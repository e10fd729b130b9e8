namespace Microsoft.ML.LlmFineTune.Models.Gemma;

/// <summary>Shapes that have proved themselves.</summary>
public static class GemmaPresets
{
    /// <summary>For pretraining in minutes on two cores, the third generation in small: 4 layers of which the last has no window, 4 heads that share keys and values, width 128, 128 positions (0.8 million weights besides the embedding).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static GemmaConfig Tiny(int vocabularySize) => new()
    {
        Kind = GemmaKind.Gemma3, VocabularySize = vocabularySize, TrainedLength = 128, Width = 128, InnerWidth = 384, Layers = 4, Heads = 4, KeyValueHeads = 1, HeadSize = 32,
        Window = 32, WindowLayers = [true, true, true, false], LocalRotary = new(),
    };

    /// <summary>Gemma 3 with 270 million weights, of which 168 million are the embedding.</summary>
    public static GemmaConfig Gemma3Of270M { get; } = new()
    {
        Kind = GemmaKind.Gemma3, VocabularySize = 262144, TrainedLength = 32768, Width = 640, InnerWidth = 2048, Layers = 18, Heads = 4, KeyValueHeads = 1,
        Rotary = new() { Theta = 1_000_000 }, LocalRotary = new(), Window = 512, WindowLayers = EverySixthWithout(18), BeginOfText = 2, EndOfText = [1], Padding = 0,
    };

    /// <summary>Gemma 3 with 1.0 billion weights.</summary>
    public static GemmaConfig Gemma3Of1B { get; } = Gemma3Of270M with { Width = 1152, InnerWidth = 6912, Layers = 26, WindowLayers = EverySixthWithout(26) };

    /// <summary>Gemma 2 with 2.6 billion weights.</summary>
    public static GemmaConfig Gemma2Of2B { get; } = new()
    {
        Kind = GemmaKind.Gemma2, Width = 2304, InnerWidth = 9216, Layers = 26, Heads = 8, KeyValueHeads = 4, AttentionSoftcap = 50, LogitSoftcap = 30,
        Window = 4096, WindowLayers = [.. Enumerable.Range(0, 26).Select(layer => layer % 2 == 0)], BeginOfText = 2, EndOfText = [1], Padding = 0,
    };

    /// <summary>Gemma with 2.5 billion weights.</summary>
    public static GemmaConfig GemmaOf2B { get; } = new() { Width = 2048, InnerWidth = 16384, Layers = 18, Heads = 8, KeyValueHeads = 1, BeginOfText = 2, EndOfText = [1], Padding = 0 };

    private static bool[] EverySixthWithout(int layers) => [.. Enumerable.Range(1, layers).Select(number => number % 6 != 0)];
}
