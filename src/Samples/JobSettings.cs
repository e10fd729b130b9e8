using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Optimization;

namespace Samples;

/// <summary>Sizes, steps and learning rates of the main job: the one place to turn knobs.</summary>
internal sealed record JobSettings
{
    /// <summary>Entries of the tokenizer.</summary>
    public int VocabularySize { get; init; } = 4096;

    public int Layers { get; init; } = 4;

    public int Heads { get; init; } = 4;

    public int Width { get; init; } = 192;

    /// <summary>Tokens that the model can see.</summary>
    public int Positions { get; init; } = 128;

    public double Dropout { get; init; } = 0.1;

    public CausalPretrainingOptions Pretraining { get; init; } = new()
    {
        Epochs = 2, BatchSize = 16, LearningRate = 2e-3, Schedule = new CosineSchedule { Floor = 0.05 }, WarmupFraction = 0.05, WeightDecay = 0.1,
    };

    public TextClassificationOptions FineTuning { get; init; } = new()
    {
        Epochs = 2, BatchSize = 32, LearningRate = 5e-4, Schedule = new LinearSchedule(), WarmupFraction = 0.05, WeightDecay = 0.05, Patience = 2, Pooling = Pooling.Mean,
    };

    /// <summary>About eight minutes on two cores.</summary>
    internal static JobSettings Full { get; } = new();

    /// <summary>About one minute: a smaller model, fewer steps. The figures are worse, the story is the same.</summary>
    internal static JobSettings Fast { get; } = Full with
    {
        Layers = 2, Heads = 2, Width = 96,
        Pretraining = Full.Pretraining with { Epochs = 1, MaximumSteps = 300 },
        FineTuning = Full.FineTuning with { Epochs = 1, MaximumSteps = 500, LearningRate = 2e-3 },
    };

    internal Gpt2Config Model(int vocabularySize) => Gpt2Presets.Tiny(vocabularySize) with
    {
        Layers = Layers, Heads = Heads, Width = Width, MaximumLength = Positions,
        EmbeddingDropout = Dropout, ResidualDropout = Dropout,
    };
}
