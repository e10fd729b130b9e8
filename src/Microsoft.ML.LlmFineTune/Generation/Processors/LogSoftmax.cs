using Microsoft.ML.LlmFineTune.Generation.Sampling;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Makes scores logarithms of probabilities that add up to 1. Beams compare sums of them.</summary>
public sealed class LogSoftmax : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores) => Softmax.Logarithms(scores);
}
