using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Makes the end tokens ever more likely once a text has some length: |score| * (factor^(new tokens - start) - 1) is added to their scores.</summary>
/// <param name="start">New tokens after which it begins; at least 0.</param>
/// <param name="factor">Greater than 0; above 1 makes texts end.</param>
/// <param name="endTokens">The tokens that end a text.</param>
public sealed class ExponentialDecayLengthPenalty(int start, double factor, IReadOnlyList<int> endTokens) : ILogitsProcessor
{
    private readonly int _start = Require.AtLeast(start, 0);
    private readonly double _factor = Require.Positive(factor);
    private readonly IReadOnlyList<int> _endTokens = Require.NotNull(endTokens);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        int beyond = row.NewTokens.Length - _start;
        if (beyond <= 0) return;
        foreach (int token in _endTokens)
        {
            // A barred token stays barred: minus infinity and infinity would add up to no number.
            if (float.IsFinite(scores[token])) scores[token] += (float)(Math.Abs(scores[token]) * (Math.Pow(_factor, beyond) - 1));
        }
    }
}
