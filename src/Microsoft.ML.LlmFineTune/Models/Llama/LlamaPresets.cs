using Microsoft.ML.LlmFineTune.Layers.Rotary;

namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>Shapes that have proved themselves.</summary>
public static class LlamaPresets
{
    /// <summary>For pretraining in minutes on two cores: 4 layers, 4 heads of which 2 share keys and values, width 128, 128 positions, tied (0.8 million weights besides the embedding).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static LlamaConfig Tiny(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, TrainedLength = 128, Width = 128, InnerWidth = 384, Layers = 4, Heads = 4, KeyValueHeads = 2, TieEmbeddings = true,
    };

    /// <summary>For pretraining in hours on a few cores, or minutes on a GPU: 6 layers, 6 heads of which 3 share keys and values, width 384, 256 positions, tied (9.4 million weights besides the embedding).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static LlamaConfig Small(int vocabularySize) => Tiny(vocabularySize) with { TrainedLength = 256, Width = 384, InnerWidth = 1024, Layers = 6, Heads = 6, KeyValueHeads = 2 };

    /// <summary>SmolLM 2 with 135 million weights.</summary>
    public static LlamaConfig SmolLm2Of135M { get; } = new()
    {
        VocabularySize = 49152, TrainedLength = 8192, Width = 576, InnerWidth = 1536, Layers = 30, Heads = 9, KeyValueHeads = 3, TieEmbeddings = true, InitializerRange = 0.041666666666666664,
        Rotary = new() { Theta = 100_000 }, BeginOfText = 0, EndOfText = [0],
    };

    /// <summary>Llama 3.2 with 1.2 billion weights.</summary>
    public static LlamaConfig Llama32Of1B { get; } = new()
    {
        VocabularySize = 128256, TrainedLength = 131072, Width = 2048, InnerWidth = 8192, Layers = 16, Heads = 32, KeyValueHeads = 8, HeadSize = 64, TieEmbeddings = true,
        Rotary = new() { Theta = 500_000, Scaling = new Llama3Scaling(32, 1, 4, 8192) }, BeginOfText = 128000, EndOfText = [128001],
    };

    /// <summary>Llama 2 with 6.7 billion weights.</summary>
    public static LlamaConfig Llama2Of7B { get; } = new() { BeginOfText = 1, EndOfText = [2] };

    /// <summary>Mistral (version 0.1) with 7.2 billion weights.</summary>
    public static LlamaConfig MistralOf7B { get; } = new()
    {
        Kind = LlamaKind.Mistral, TrainedLength = 32768, InnerWidth = 14336, KeyValueHeads = 8, Window = 4096, BeginOfText = 1, EndOfText = [2],
    };

    /// <summary>Qwen 2.5 with 0.5 billion weights.</summary>
    public static LlamaConfig Qwen25Of05B { get; } = new()
    {
        Kind = LlamaKind.Qwen2, VocabularySize = 151936, TrainedLength = 32768, Width = 896, InnerWidth = 4864, Layers = 24, Heads = 14, KeyValueHeads = 2, NormEpsilon = 1e-6, TieEmbeddings = true,
        Rotary = new() { Theta = 1_000_000 }, BeginOfText = 151643, EndOfText = [151643],
    };

    /// <summary>Qwen 3 with 0.6 billion weights.</summary>
    public static LlamaConfig Qwen3Of06B { get; } = new()
    {
        Kind = LlamaKind.Qwen3, VocabularySize = 151936, TrainedLength = 40960, Width = 1024, InnerWidth = 3072, Layers = 28, Heads = 16, KeyValueHeads = 8, HeadSize = 128, NormEpsilon = 1e-6, TieEmbeddings = true,
        Rotary = new() { Theta = 1_000_000 }, BeginOfText = 151643, EndOfText = [151645],
    };

    /// <summary>SmolLM 3 with 3.1 billion weights: every fourth layer has no positions.</summary>
    public static LlamaConfig SmolLm3Of3B { get; } = new()
    {
        Kind = LlamaKind.SmolLm3, VocabularySize = 128256, TrainedLength = 65536, Width = 2048, InnerWidth = 11008, Layers = 36, Heads = 16, KeyValueHeads = 4, NormEpsilon = 1e-6, TieEmbeddings = true,
        Rotary = new() { Theta = 5_000_000 }, RotaryLayers = [.. Enumerable.Range(1, 36).Select(number => number % 4 != 0)], BeginOfText = 128000, EndOfText = [128012], Padding = 128004,
    };

    /// <summary>Phi-3 mini (4k) with 3.8 billion weights.</summary>
    public static LlamaConfig Phi3Mini { get; } = new()
    {
        Kind = LlamaKind.Phi3, VocabularySize = 32064, TrainedLength = 4096, Width = 3072, InnerWidth = 8192, Window = 2047, BeginOfText = 1, EndOfText = [32000], Padding = 32000,
    };

    /// <summary>OLMo 2 with 1.5 billion weights.</summary>
    public static LlamaConfig Olmo2Of1B { get; } = new()
    {
        Kind = LlamaKind.Olmo2, VocabularySize = 100352, TrainedLength = 4096, Width = 2048, InnerWidth = 8192, Layers = 16, Heads = 16, NormEpsilon = 1e-6,
        Rotary = new() { Theta = 500_000 }, EndOfText = [100257], Padding = 100277,
    };
}
