using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>A matrix in NF4, row after row: blocks may run across rows.</summary>
/// <param name="Packed">[bytes] uint8: two codes a byte.</param>
/// <param name="Scales">bytes of [blocks] float32; with <paramref name="ScaleCodes"/> the second scales, and last the mean of all scales.</param>
/// <param name="ScaleCodes">[blocks] uint8; null: the scales are not quantised.</param>
/// <param name="Rows">Rows of the matrix.</param>
/// <param name="Columns">Columns of the matrix.</param>
/// <param name="Type">Type of the numbers when dequantised.</param>
internal sealed record Nf4Blocks(Tensor Packed, Tensor Scales, Tensor? ScaleCodes, long Rows, long Columns, ScalarType Type);
