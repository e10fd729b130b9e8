using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Bars all tokens but those that a function allows after the tokens so far (De Cao et al.: "Autoregressive Entity Retrieval", 2021).</summary>
/// <param name="allowed">Number of the prompt and the row's tokens to the tokens that may follow, at least one.</param>
public sealed class PrefixConstraint(Func<int, IReadOnlyList<int>, IReadOnlyList<int>> allowed) : ILogitsProcessor
{
    private readonly Func<int, IReadOnlyList<int>, IReadOnlyList<int>> _allowed = Require.NotNull(allowed);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The function allows nothing, or a token that does not exist.</exception>
    public void Process(RowHistory row, Span<float> scores)
    {
        IReadOnlyList<int> allowed = _allowed(row.Prompt, row.Tokens.ToArray());
        Require.State(allowed is { Count: > 0 }, $"The prefix constraint must allow at least one token after every text; it allows none for prompt {row.Prompt} after {row.Tokens.Length} tokens. Allow an end token where a text is complete.");
        bool[] isAllowed = new bool[scores.Length];
        foreach (int token in allowed)
        {
            Require.State(token >= 0 && token < scores.Length, $"The prefix constraint must allow tokens from 0 to {scores.Length - 1}; it allows {token}.");
            isAllowed[token] = true;
        }
        for (int token = 0; token < scores.Length; token++)
        {
            if (!isAllowed[token]) scores[token] = float.NegativeInfinity;
        }
    }
}
