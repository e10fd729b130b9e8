namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Weights of one kind in one layer.</summary>
/// <param name="Kind">What they are for.</param>
/// <param name="Layer">Number of the layer, from 0; null for what stands outside the layers.</param>
/// <param name="Count">How many numbers; shared ones are counted once.</param>
/// <param name="TrainableCount">Those of them that training changes.</param>
/// <param name="Bytes">Their memory.</param>
public sealed record ParameterGroup(WeightKind Kind, int? Layer, long Count, long TrainableCount, long Bytes);
