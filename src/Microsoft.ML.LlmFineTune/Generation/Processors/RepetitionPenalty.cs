using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>
/// Makes tokens that the row already has less likely (Keskar et al.: "CTRL", 2019): a positive score is divided by the penalty, a negative one
/// multiplied, once however often the token occurred.
/// </summary>
/// <param name="penalty">Greater than 0; above 1 discourages, below 1 encourages repetition.</param>
/// <param name="ignored">How many of the row's first tokens do not count; default 0.</param>
public sealed class RepetitionPenalty(double penalty, int ignored = 0) : ILogitsProcessor
{
    private readonly float _penalty = (float)Require.Positive(penalty);
    private readonly int _ignored = Require.AtLeast(ignored, 0);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores) => Apply(row.Tokens[Math.Min(_ignored, row.Tokens.Length)..], _penalty, scores);

    internal static void Apply(ReadOnlySpan<int> tokens, float penalty, Span<float> scores)
    {
        HashSet<int> seen = [];
        foreach (int token in tokens)
        {
            if (seen.Add(token)) scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty;
        }
    }
}
