using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Bars tokens.</summary>
/// <param name="tokens">The tokens.</param>
public sealed class SuppressedTokens(IReadOnlyList<int> tokens) : ILogitsProcessor
{
    private readonly IReadOnlyList<int> _tokens = Require.NotNull(tokens);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        foreach (int token in _tokens) scores[token] = float.NegativeInfinity;
    }
}
