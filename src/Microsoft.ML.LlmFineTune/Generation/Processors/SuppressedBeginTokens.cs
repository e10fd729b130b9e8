using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Bars tokens as the first new token.</summary>
/// <param name="tokens">The tokens.</param>
/// <param name="beginIsForced">Whether the first token after a prompt of one token is forced, so that the second one begins the text.</param>
public sealed class SuppressedBeginTokens(IReadOnlyList<int> tokens, bool beginIsForced = false) : ILogitsProcessor
{
    private readonly IReadOnlyList<int> _tokens = Require.NotNull(tokens);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        int before = beginIsForced && row.PromptLength <= 1 ? 1 : 0;
        if (row.NewTokens.Length != before) return;
        foreach (int token in _tokens) scores[token] = float.NegativeInfinity;
    }
}
