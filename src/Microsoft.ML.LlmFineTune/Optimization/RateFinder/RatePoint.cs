namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>One step of a learning-rate range test.</summary>
/// <param name="LearningRate">Its rate.</param>
/// <param name="Loss">Its loss.</param>
/// <param name="SmoothedLoss">The running mean of the losses up to it, its start corrected.</param>
public sealed record RatePoint(double LearningRate, double Loss, double SmoothedLoss);
