namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>One line of a family's name table: which tensor of a checkpoint is which parameter of the model.</summary>
/// <param name="File">The tensor's name in the checkpoint.</param>
/// <param name="Parameter">The parameter's name in the model.</param>
/// <param name="IsTransposed">Whether the checkpoint stores the matrix transposed.</param>
public sealed record WeightName(string File, string Parameter, bool IsTransposed = false);
