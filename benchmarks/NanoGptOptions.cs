using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>What the command line decides.</summary>
/// <param name="Data">The text.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Turn">Steps a turn.</param>
/// <param name="Seeds">Runs.</param>
/// <param name="Replicas">Replicas of our model; null: by the rule.</param>
/// <param name="Python">The peer's interpreter; null: no peer.</param>
/// <param name="Precision">In what numbers our model computes; null: float32.</param>
internal sealed record NanoGptOptions(FileInfo Data, int Steps, int Turn, int Seeds, int? Replicas, string? Python, TrainingPrecision? Precision)
{
    // nanoGPT's CPU configuration (README, "I only have a macbook").
    public const int Layers = 4, Heads = 4, Width = 128, Length = 64, Rows = 12, WarmupSteps = 100, ScheduleSteps = 2000;
    public const double LearningRate = 1e-3, Floor = 0.1, WeightDecay = 0.1, Beta2 = 0.99, ClipNorm = 1;
}
