using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Bars every token that would repeat a sequence of n tokens that the row already has (Paulus, Xiong, Socher, 2018).</summary>
/// <param name="size">n; at least 1.</param>
public sealed class NoRepeatNGram(int size) : ILogitsProcessor
{
    private readonly int _size = Require.AtLeast(size, 1);

    /// <inheritdoc/>
    public void Process(ReadOnlySpan<int> tokens, int promptLength, Span<float> scores)
    {
        if (tokens.Length < _size) return;
        ReadOnlySpan<int> ending = tokens[(tokens.Length - _size + 1)..];
        for (int start = 0; start + _size <= tokens.Length; start++)
        {
            if (tokens.Slice(start, _size - 1).SequenceEqual(ending)) scores[tokens[start + _size - 1]] = float.NegativeInfinity;
        }
    }
}
