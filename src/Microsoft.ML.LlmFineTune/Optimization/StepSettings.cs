using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>What one step is told.</summary>
/// <param name="LearningRate">Its learning rate, before the groups' factors.</param>
/// <param name="GradientScale">Multiplies the gradients first.</param>
/// <param name="Pool">Threads that share the work.</param>
internal readonly record struct StepSettings(double LearningRate, double GradientScale, ReplicaPool? Pool);
