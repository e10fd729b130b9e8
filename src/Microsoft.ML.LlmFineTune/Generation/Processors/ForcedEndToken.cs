using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Makes the last token that a row has room for one of the given tokens.</summary>
/// <param name="tokens">The tokens; where there are several, they are equally likely.</param>
/// <param name="maximumNewTokens">New tokens at most; at least 1.</param>
/// <param name="maximumLength">Tokens at most, the prompt included; the smaller limit counts. Default: no such limit.</param>
public sealed class ForcedEndToken(IReadOnlyList<int> tokens, int maximumNewTokens, int maximumLength = int.MaxValue) : ILogitsProcessor
{
    private readonly IReadOnlyList<int> _tokens = Require.NotNull(tokens);
    private readonly int _maximumNewTokens = Require.AtLeast(maximumNewTokens, 1);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        if (row.Tokens.Length != Math.Min((long)row.PromptLength + _maximumNewTokens, maximumLength) - 1) return;
        scores.Fill(float.NegativeInfinity);
        foreach (int token in _tokens) scores[token] = 0;
    }
}
