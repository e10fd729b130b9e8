using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>
/// Makes tokens that the row already has less likely (Keskar et al.: "CTRL", 2019): a positive score is divided by the penalty, a negative one
/// multiplied, once however often the token occurred.
/// </summary>
/// <param name="penalty">Greater than 0; above 1 discourages, below 1 encourages repetition.</param>
public sealed class RepetitionPenalty(double penalty) : ILogitsProcessor
{
    private readonly float _penalty = (float)Require.Positive(penalty);

    /// <inheritdoc/>
    public void Process(ReadOnlySpan<int> tokens, int promptLength, Span<float> scores)
    {
        HashSet<int> seen = [];
        foreach (int token in tokens)
        {
            if (seen.Add(token)) scores[token] = scores[token] < 0 ? scores[token] * _penalty : scores[token] / _penalty;
        }
    }
}
