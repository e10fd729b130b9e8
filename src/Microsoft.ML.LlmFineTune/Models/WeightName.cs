namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>One line of a family's name table: which tensor of a checkpoint is which parameter of the model.</summary>
/// <param name="File">The tensor's name in the checkpoint.</param>
/// <param name="Parameter">The parameter's (or buffer's) name in the model.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Layer">Number of its layer, from 0; null for what stands outside the layers.</param>
/// <param name="IsTransposed">Whether the checkpoint stores the matrix transposed.</param>
public sealed record WeightName(string File, string Parameter, WeightKind Kind, int? Layer = null, bool IsTransposed = false);
