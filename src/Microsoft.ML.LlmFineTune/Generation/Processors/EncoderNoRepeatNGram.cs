using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Bars every token that would repeat a sequence of n tokens of the source: what the encoder read, or the prompt.</summary>
/// <param name="size">n; at least 1.</param>
public sealed class EncoderNoRepeatNGram(int size) : ILogitsProcessor
{
    private readonly int _size = Require.AtLeast(size, 1);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores) => NoRepeatNGram.BarRepeats(row.Tokens, row.Source, _size, scores);
}
