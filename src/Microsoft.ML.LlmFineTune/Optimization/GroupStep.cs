namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>What a formula needs to know about one step of one group.</summary>
/// <param name="Rate">The group's learning rate.</param>
/// <param name="Step">Which step of the group it is, from 1.</param>
/// <param name="Group">Index of the group.</param>
/// <param name="Momentum">What takes the place of the options' momentum; null: nothing.</param>
internal readonly record struct GroupStep(double Rate, long Step, int Group, double? Momentum);
