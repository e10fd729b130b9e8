using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Bars the end tokens until the row, its prompt included, has enough tokens.</summary>
/// <param name="minimum">Tokens before an end token may follow; at least 0.</param>
/// <param name="endTokens">The tokens to bar.</param>
public sealed class MinimumLength(int minimum, IReadOnlyList<int> endTokens) : ILogitsProcessor
{
    private readonly int _minimum = Require.AtLeast(minimum, 0);
    private readonly IReadOnlyList<int> _endTokens = Require.NotNull(endTokens);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        if (row.Tokens.Length >= _minimum) return;
        foreach (int token in _endTokens) scores[token] = float.NegativeInfinity;
    }
}
