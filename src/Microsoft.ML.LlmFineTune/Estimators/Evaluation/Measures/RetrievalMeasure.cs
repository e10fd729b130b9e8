using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a search should find, and what it found: the best first, or with scores.</summary>
internal readonly record struct JudgedRanking(string[] Relevant, string[] Found, double[]? Scores);

/// <summary>Ranking metrics of a search. The figures are those of the largest number of hits.</summary>
internal sealed class RetrievalMeasure : Measure<JudgedRanking, RetrievalMetrics>
{
    private readonly RetrievalAccumulator _accumulator;
    private readonly int[] _ks;
    private readonly (SegmentStatistics Statistics, Func<RetrievalAtK, double> Figure)[] _kept;
    private readonly InputWarnings _warnings = new();
    private long _rows;

    internal RetrievalMeasure(IReadOnlyList<int> ks, bool keepRows)
    {
        _ks = [.. ks];
        _accumulator = new RetrievalAccumulator(_ks);
        _kept = keepRows ? [.. Telling.Select(figure => (WeightedMean.Statistics(Name(figure.Name, _ks.Max())), figure.Of))] : [];
    }

    internal override IEnumerable<SegmentStatistics> Segments => _kept.Select(kept => kept.Statistics);

    internal override IReadOnlyList<InputWarning> Warnings => _warnings.List;

    private static (string Name, Func<RetrievalAtK, double> Of)[] Telling =>
        [("NDCG", at => at.Ndcg), ("MRR", at => at.MeanReciprocalRank), ("MAP", at => at.MeanAveragePrecision), ("Recall", at => at.Recall), ("Precision", at => at.Precision)];

    internal override double Add(JudgedRanking row)
    {
        long number = _rows++;
        RetrievalAccumulator alone = new(_ks);
        if (row.Scores is double[] scores)
        {
            if (scores.Length != row.Found.Length) throw new ArgumentException(FormattableString.Invariant($"Row {number}: there must be a score for each of the {row.Found.Length} documents found; there are {scores.Length}."));
            alone.Add(row.Relevant, row.Found.Zip(scores, (document, score) => new SearchHit(document, score)));
        }
        else
        {
            alone.AddRanked(row.Relevant, row.Found);
        }
        _accumulator.Merge(alone);
        if (alone.Queries == 0)
        {
            _warnings.Note("the query has no relevant documents; it is left out", number);
            foreach ((SegmentStatistics statistics, _) in _kept) statistics.Add([0, 0]);
            return double.NaN;
        }
        RetrievalAtK figures = alone.Compute().At(_ks.Max());
        foreach ((SegmentStatistics statistics, Func<RetrievalAtK, double> figure) in _kept) statistics.Add([figure(figures), 1]);
        return 1 - figures.Ndcg;
    }

    internal override RetrievalMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(RetrievalMetrics metrics) => Telling.Select(figure => (Name(figure.Name, _ks.Max()), figure.Of(metrics.At(_ks.Max()))));

    internal override (string Expected, string Answered) Describe(JudgedRanking row) => (string.Join(", ", row.Relevant), string.Join(", ", row.Found.Take(10)));

    private static string Name(string figure, int k) => FormattableString.Invariant($"{figure}@{k}");
}
