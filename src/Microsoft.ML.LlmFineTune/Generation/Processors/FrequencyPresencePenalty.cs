using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>
/// Takes from the score of every new token of the row: the frequency penalty once for each time it occurs, the presence penalty once if it occurs at all
/// (the formula of OpenAI's API). The prompt does not count.
/// </summary>
/// <param name="frequency">Finite; above 0 discourages repetition.</param>
/// <param name="presence">Finite; above 0 discourages repetition.</param>
public sealed class FrequencyPresencePenalty(double frequency, double presence) : ILogitsProcessor
{
    private readonly float _frequency = (float)Require.Finite(frequency);
    private readonly float _presence = (float)Require.Finite(presence);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        Dictionary<int, int> counts = [];
        foreach (int token in row.NewTokens) counts[token] = counts.GetValueOrDefault(token) + 1;
        foreach ((int token, int count) in counts) scores[token] = scores[token] - (count * _frequency) - _presence;
    }
}
