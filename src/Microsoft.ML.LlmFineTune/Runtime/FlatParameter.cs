namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>Where a parameter lies in the flat tensors.</summary>
/// <param name="Name">The name it is registered under (the first one, if several).</param>
/// <param name="Offset">Index of its first element.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Role">What it is for.</param>
public sealed record FlatParameter(string Name, long Offset, IReadOnlyList<long> Shape, ParameterRole Role)
{
    /// <summary>How many elements.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (product, size) => product * size);
}
