using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Normalised discounted cumulative gain for graded relevances: a mean over queries, in constant memory. The discount is 1 / log2(rank + 1). Source: scikit-learn's <c>ndcg_score</c>.</summary>
/// <param name="options">Default null: all documents, linear gain, ties averaged, as scikit-learn.</param>
public sealed class NdcgAccumulator(NdcgOptions? options = null)
{
    private readonly NdcgOptions _options = options ?? new NdcgOptions();
    private double _weight;
    private double _sum;

    /// <summary>Queries seen.</summary>
    public long Queries { get; private set; }

    /// <summary>Counts a query.</summary>
    /// <param name="relevance">Of each document: 0 or greater, finite.</param>
    /// <param name="scores">By which they are ranked, as many; finite. Two documents at least where ties are averaged, as scikit-learn demands; otherwise one.</param>
    /// <param name="weight">The query's weight; 0 or greater.</param>
    /// <returns>The query's figure, 0 to 1; 0 where nothing is relevant.</returns>
    /// <exception cref="ArgumentException">The lengths differ, there are too few documents, or a number is refused; the message names the query.</exception>
    public double Add(ReadOnlySpan<double> relevance, ReadOnlySpan<double> scores, double weight = 1)
    {
        Row.Length(scores.Length, relevance.Length, Queries, nameof(scores));
        Row.Finite(scores, Queries, "score");
        foreach (double value in relevance)
        {
            Row.Finite(value, Queries, "relevance");
            if (value < 0) throw new ArgumentException(FormattableString.Invariant($"Row {Queries}: the relevance must be 0 or greater; received {value}."), nameof(relevance));
        }
        int fewest = _options.Ties == NdcgTies.Averaged ? 2 : 1;
        if (relevance.Length < fewest) throw new ArgumentException(FormattableString.Invariant($"Row {Queries}: there must be at least {fewest} documents; received {relevance.Length}."), nameof(relevance));
        Row.Weight(weight, Queries);
        double[] gains = new double[relevance.Length], keys = scores.ToArray();
        for (int i = 0; i < gains.Length; i++) gains[i] = _options.Gain == NdcgGain.Linear ? relevance[i] : Math.Pow(2, relevance[i]) - 1;
        double best = Gain(gains, gains, NdcgTies.Stable), value01 = best == 0 ? 0 : Gain(gains, keys, _options.Ties) / best;
        _weight += weight;
        _sum += weight * value01;
        Queries++;
        return value01;
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It has other options.</exception>
    public void Merge(NdcgAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other._options == _options, $"Both accumulators must have the same options; this one has {_options}, the other {other._options}.", nameof(other));
        _weight += other._weight;
        _sum += other._sum;
        Queries += other.Queries;
    }

    /// <summary>The weighted mean over the queries, 0 to 1.</summary>
    /// <exception cref="InvalidOperationException">There are no queries, or all weights are 0.</exception>
    public double Compute()
    {
        Row.Some(Queries, _weight);
        return _sum / _weight;
    }

    private double Gain(double[] gains, double[] scores, NdcgTies ties)
    {
        int[] order = [.. Enumerable.Range(0, gains.Length).OrderByDescending(i => scores[i])];
        double sum = 0;
        for (int start = 0, end; start < order.Length; start = end)
        {
            end = start + 1;
            while (ties == NdcgTies.Averaged && end < order.Length && scores[order[end]] == scores[order[start]]) end++;
            (double gain, double discount) = (0, 0);
            for (int i = start; i < end; i++)
            {
                gain += gains[order[i]];
                if (i < (_options.K ?? int.MaxValue)) discount += 1 / Math.Log2(i + 2);
            }
            sum += gain / (end - start) * discount;
        }
        return sum;
    }
}
