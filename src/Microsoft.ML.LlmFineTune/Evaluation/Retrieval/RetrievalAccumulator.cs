using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Ranking metrics of a search (accuracy, precision, recall, NDCG, MRR and MAP at k): means over queries, in constant memory.</summary>
public sealed class RetrievalAccumulator
{
    private const int Figures = 6;
    private readonly int[] _ks;
    private readonly double[,] _sums;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="ks">The numbers of hits to count; default 1, 3, 5, 10, 100; at least 1 each.</param>
    public RetrievalAccumulator(params IReadOnlyList<int> ks)
    {
        Require.NotNull(ks);
        foreach (int k in ks) Require.AtLeast(k, 1, nameof(ks));
        _ks = ks.Count == 0 ? [1, 3, 5, 10, 100] : [.. ks.Distinct().Order()];
        _sums = new double[_ks.Length, Figures];
    }

    /// <summary>Queries counted so far.</summary>
    public long Queries { get; private set; }

    /// <summary>Queries left out so far.</summary>
    public long QueriesWithoutRelevant { get; private set; }

    /// <summary>Counts a query by scored hits: they are ranked by falling score, equal ones by document id (by code point).</summary>
    /// <param name="relevant">Ids of the relevant documents.</param>
    /// <param name="hits">What was found, in any order; no document twice.</param>
    /// <returns>Whether it counts: a query without relevant documents is left out.</returns>
    /// <exception cref="ArgumentException">A score is NaN, or a document is found twice; the message names the query.</exception>
    public bool Add(IEnumerable<string> relevant, IEnumerable<SearchHit> hits)
    {
        SearchHit[] found = [.. Require.NotNull(hits)];
        foreach (SearchHit hit in found)
        {
            if (double.IsNaN(hit.Score)) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Query {Queries + QueriesWithoutRelevant}: the score of {hit.Document} must be a number; received NaN."), nameof(hits));
        }
        return AddRanked(relevant, [.. found.OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Document, CodePointComparer.Instance).Select(hit => hit.Document)]);
    }

    /// <summary>Counts a query by hits that are ranked already.</summary>
    /// <param name="relevant">Ids of the relevant documents.</param>
    /// <param name="ranking">Ids of what was found, the best first; no document twice.</param>
    /// <returns>Whether it counts: a query without relevant documents is left out.</returns>
    /// <exception cref="ArgumentException">A document is found twice; the message names the query.</exception>
    public bool AddRanked(IEnumerable<string> relevant, IReadOnlyList<string> ranking)
    {
        HashSet<string> wanted = [.. Require.NotNull(relevant)], seen = [];
        foreach (string document in Require.NotNull(ranking))
        {
            if (!seen.Add(document)) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Query {Queries + QueriesWithoutRelevant}: no document may be found twice; received {document} again."), nameof(ranking));
        }
        if (wanted.Count == 0)
        {
            QueriesWithoutRelevant++;
            return false;
        }
        Queries++;
        (int found, double gain, double best, double reciprocal, double precisions, int at) = (0, 0, 0, 0, 0, 0);
        for (int i = 0; i < _ks.Length; i++)
        {
            for (; at < _ks[i]; at++)
            {
                // Ranks go on past the last hit: the best ranking may be longer.
                double discount = 1 / Math.Log2(at + 2);
                if (at < wanted.Count) best += discount;
                else if (at >= ranking.Count) break;
                if (at >= ranking.Count || !wanted.Contains(ranking[at])) continue;
                found++;
                gain += discount;
                precisions += (double)found / (at + 1);
                if (reciprocal == 0) reciprocal = 1.0 / (at + 1);
            }
            ReadOnlySpan<double> figures = [found > 0 ? 1 : 0, (double)found / _ks[i], (double)found / wanted.Count, gain / best, reciprocal, precisions / Math.Min(_ks[i], wanted.Count)];
            for (int j = 0; j < Figures; j++) _sums[i, j] += figures[j];
        }
        return true;
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It counts other numbers of hits.</exception>
    public void Merge(RetrievalAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(_ks.SequenceEqual(other._ks), $"Both accumulators must count the same numbers of hits; this one has {string.Join(", ", _ks)}, the other {string.Join(", ", other._ks)}.", nameof(other));
        for (int i = 0; i < _ks.Length; i++)
        {
            for (int j = 0; j < Figures; j++) _sums[i, j] += other._sums[i, j];
        }
        Queries += other.Queries;
        QueriesWithoutRelevant += other.QueriesWithoutRelevant;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">No query counts.</exception>
    public RetrievalMetrics Compute()
    {
        Require.State(Queries > 0, string.Create(CultureInfo.InvariantCulture, $"Ranking metrics need at least one query with relevant documents; received none, and {QueriesWithoutRelevant} without."));
        return new RetrievalMetrics(Queries, QueriesWithoutRelevant, [.. _ks.Select((k, i) => new RetrievalAtK(k, Mean(i, 0), Mean(i, 1), Mean(i, 2), Mean(i, 3), Mean(i, 4), Mean(i, 5)))]);
    }

    private double Mean(int k, int figure) => _sums[k, figure] / Queries;
}
