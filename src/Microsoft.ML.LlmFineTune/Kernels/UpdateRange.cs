namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Neighbouring elements that one formula changes.</summary>
/// <param name="First">Index of the first in the weights.</param>
/// <param name="Count">How many.</param>
/// <param name="StateFirst">Index of the first in the state tensors.</param>
/// <param name="Rule">The formula.</param>
/// <param name="GradientScale">Multiplies the gradients first.</param>
/// <param name="CoupledDecay">This times the weight is added to the gradient.</param>
/// <param name="Shrink">Multiplies the weights: 1 without decoupled decay.</param>
internal readonly record struct UpdateRange<TRule>(long First, long Count, long StateFirst, TRule Rule, double GradientScale, double CoupledDecay, double Shrink) where TRule : struct, IUpdateRule;
