using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What a masked language model thinks of two sentences that differ in a few words.</summary>
/// <param name="SharedPositions">Pairs of positions with equal tokens, those of the frame included.</param>
/// <param name="ScoredPositions">The shared positions without the first and the last.</param>
/// <param name="First">Natural log-probabilities of the first sentence's tokens at the scored positions.</param>
/// <param name="Second">The same of the second sentence.</param>
public sealed record PseudoLogLikelihoodPair(IReadOnlyList<(int First, int Second)> SharedPositions, IReadOnlyList<(int First, int Second)> ScoredPositions, IReadOnlyList<double> First, IReadOnlyList<double> Second)
{
    /// <summary>Sum of the first sentence's log-probabilities.</summary>
    public double FirstScore => First.Sum();

    /// <summary>Sum of the second sentence's log-probabilities.</summary>
    public double SecondScore => Second.Sum();

    /// <summary>Whether the sums are the same, rounded to three decimals.</summary>
    public bool IsNeutral => Rounded(FirstScore).Equals(Rounded(SecondScore));

    /// <summary>Whether the model prefers the first sentence; sums are compared rounded to three decimals.</summary>
    public bool FirstPreferred => Rounded(FirstScore) > Rounded(SecondScore);

    // The decimal fraction of the double itself is rounded, halves to even, as Python's round does; Math.Round would first multiply, and round that.
    private static double Rounded(double value) => Math.Abs(value) < 1e15 ? (double)Math.Round(decimal.Parse(value.ToString("F20", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), 3, MidpointRounding.ToEven) : value;
}

/// <summary>Likelihoods of sentences under a masked language model: each token is masked alone and predicted from all others.</summary>
/// <remarks>Salazar et al., "Masked Language Model Scoring" (2020); for pairs Nangia et al., "CrowS-Pairs" (2020).</remarks>
public static class PseudoLogLikelihood
{
    /// <summary>Compares two sentences on the tokens that they share, so that a rare name doesn't count for its rarity.</summary>
    /// <param name="first">The first sentence's tokens with their frame ([CLS] ... [SEP]).</param>
    /// <param name="second">The second sentence's tokens with their frame.</param>
    /// <param name="scorer">The model.</param>
    /// <exception cref="InvalidOperationException">The model gave another number of logarithms than it was asked for, or one that is no number or greater than 0.</exception>
    public static PseudoLogLikelihoodPair Compare(IReadOnlyList<int> first, IReadOnlyList<int> second, MaskedTokenScorer scorer)
    {
        Require.NotNull(first);
        Require.NotNull(second);
        Require.NotNull(scorer);
        IReadOnlyList<(int First, int Second)> shared = MatchingBlocks.Pairs(first, second);
        (int First, int Second)[] scored = [.. shared.Skip(1).SkipLast(1)];
        return new PseudoLogLikelihoodPair(shared, scored, Ask(scorer, first, [.. scored.Select(pair => pair.First)]), Ask(scorer, second, [.. scored.Select(pair => pair.Second)]));
    }

    /// <summary>Log-probabilities of all tokens between the first and the last; their sum is the sentence's pseudo-log-likelihood.</summary>
    /// <param name="ids">The sentence's tokens with their frame ([CLS] ... [SEP]).</param>
    /// <param name="scorer">The model.</param>
    /// <exception cref="InvalidOperationException">The model gave another number of logarithms than it was asked for, or one that is no number or greater than 0.</exception>
    public static IReadOnlyList<double> Tokens(IReadOnlyList<int> ids, MaskedTokenScorer scorer)
    {
        Require.NotNull(ids);
        Require.NotNull(scorer);
        return Ask(scorer, ids, [.. Enumerable.Range(1, Math.Max(0, ids.Count - 2))]);
    }

    private static IReadOnlyList<double> Ask(MaskedTokenScorer scorer, IReadOnlyList<int> ids, int[] positions)
    {
        if (positions.Length == 0) return [];
        IReadOnlyList<double> answers = scorer(ids, positions);
        Require.State(answers is not null, "The model must give log-probabilities; it gave null.");
        Require.State(answers.Count == positions.Length, $"The model must give one log-probability for each of the {positions.Length} positions; it gave {answers.Count}.");
        for (int i = 0; i < answers.Count; i++)
            Require.State(answers[i] <= 0, string.Create(CultureInfo.InvariantCulture, $"A log-probability must be 0 or less; the model gave {answers[i]} for position {positions[i]}."));
        return answers;
    }
}
