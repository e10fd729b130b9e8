using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Bars every token that would repeat a sequence of n tokens that the row already has (Paulus, Xiong, Socher, 2018).</summary>
/// <param name="size">n; at least 1.</param>
public sealed class NoRepeatNGram(int size) : ILogitsProcessor
{
    private readonly int _size = Require.AtLeast(size, 1);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores) => BarRepeats(row.Tokens, row.Tokens, _size, scores);

    /// <summary>Bars what follows the row's last size - 1 tokens anywhere in a text.</summary>
    internal static void BarRepeats(ReadOnlySpan<int> tokens, ReadOnlySpan<int> text, int size, Span<float> scores)
    {
        if (tokens.Length < size - 1) return;
        ReadOnlySpan<int> ending = tokens[(tokens.Length - size + 1)..];
        for (int start = 0; start + size <= text.Length; start++)
        {
            if (text.Slice(start, size - 1).SequenceEqual(ending)) scores[text[start + size - 1]] = float.NegativeInfinity;
        }
    }
}
