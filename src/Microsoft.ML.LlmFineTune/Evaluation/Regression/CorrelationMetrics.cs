using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How two lists of numbers go together. Source: scipy.stats, whose functions are named at each member. NaN values give NaN; infinite ones are fine for ranks.</summary>
public sealed record CorrelationMetrics
{
    private readonly double _pearson;

    internal CorrelationMetrics(IReadOnlyList<double> actual, IReadOnlyList<double> predicted)
    {
        Rows = actual.Count;
        (ActualRanks, PredictedRanks) = (Ranks.Average(actual), Ranks.Average(predicted));
        _pearson = Ranks.Pearson(actual, predicted);
        Spearman = Ranks.Pearson(ActualRanks, PredictedRanks);
        (KendallTauB, KendallTauC) = Ranks.Kendall(actual, predicted);
    }

    /// <summary>Rows.</summary>
    public long Rows { get; }

    /// <summary>Pearson's coefficient of linear correlation, -1 to 1; NaN where a side is constant or not finite (<c>pearsonr</c>).</summary>
    /// <exception cref="InvalidOperationException">There are fewer than two rows; scipy refuses this, too.</exception>
    public double Pearson
    {
        get
        {
            Require.State(Rows >= 2, string.Create(CultureInfo.InvariantCulture, $"Pearson's correlation needs two rows at least; received {Rows}."));
            return _pearson;
        }
    }

    /// <summary>Spearman's: Pearson's of the ranks, -1 to 1; NaN where a side is constant, or there are fewer than two rows (<c>spearmanr</c>).</summary>
    public double Spearman { get; }

    /// <summary>Kendall's tau-b: (concordant - discordant pairs) / sqrt of the product of the pairs not tied on each side, -1 to 1; NaN where a side is constant, or there are fewer than two rows (<c>kendalltau</c>).</summary>
    public double KendallTauB { get; }

    /// <summary>Kendall's tau-c (Stuart's): the same balance against the most there can be for that many distinct values, -1 to 1; NaN as tau-b (<c>kendalltau</c>, <c>variant='c'</c>).</summary>
    public double KendallTauC { get; }

    /// <summary>Ranks of the actual values, from 1; equal values share the mean of theirs (<c>rankdata</c>).</summary>
    public IReadOnlyList<double> ActualRanks { get; }

    /// <summary>Ranks of the predicted values.</summary>
    public IReadOnlyList<double> PredictedRanks { get; }
}
