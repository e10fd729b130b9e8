using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>The labels of a row and their scores, the latter in a buffer that the next row uses again.</summary>
internal readonly record struct JudgedLabels(bool[] Actual, double[] Scores, double Weight);

/// <summary>Everything that the scores of labels tell.</summary>
internal sealed class MultiLabelMeasure : Measure<JudgedLabels, MultiLabelEvaluationMetrics>
{
    private readonly IReadOnlyList<string> _names;
    private readonly MultiLabelOptions _options;
    private readonly MultiLabelAccumulator _labels;
    private readonly LabelRankingAccumulator _ranking = new();
    private readonly MultiLabelScoreAccumulator? _curves;
    private readonly SegmentStatistics? _subset, _micro;

    internal MultiLabelMeasure(IReadOnlyList<string> names, MultiLabelOptions? options, bool curves, bool keepRows)
    {
        (_names, _options) = (names, options ?? new MultiLabelOptions());
        _labels = new MultiLabelAccumulator(names.Count, _options, names);
        if (curves) _curves = new MultiLabelScoreAccumulator(names.Count);
        if (!keepRows) return;
        _subset = WeightedMean.Statistics("Subset accuracy");
        _micro = new SegmentStatistics(MicroF, 3, sums => Ratio.FScore(sums[0], sums[1], sums[2], _options.Beta, _options.ZeroDivision));
    }

    internal override IEnumerable<SegmentStatistics> Segments => _subset is null ? [] : [_subset, _micro!];

    private string MicroF => FormattableString.Invariant($"Micro F{_options.Beta}");

    internal override double Add(JudgedLabels row)
    {
        _labels.Add(row.Actual, row.Scores, row.Weight);
        _ranking.Add(row.Actual, row.Scores, row.Weight);
        _curves?.Add(row.Actual, row.Scores, row.Weight);
        (int right, int there, int answered) = (0, 0, 0);
        for (int i = 0; i < row.Actual.Length; i++)
        {
            bool predicted = row.Scores[i] >= _options.Threshold;
            if (row.Actual[i]) there++;
            if (predicted) answered++;
            if (row.Actual[i] && predicted) right++;
        }
        int wrong = there + answered - (2 * right);
        _subset?.Add([wrong == 0 ? row.Weight : 0, row.Weight]);
        _micro?.Add([row.Weight * right, row.Weight * there, row.Weight * answered]);
        return (double)wrong / row.Actual.Length;
    }

    internal override MultiLabelEvaluationMetrics Compute() => new(_labels.Compute(), _ranking.Compute(), _curves?.Compute());

    internal override IEnumerable<(string Name, double Value)> Figures(MultiLabelEvaluationMetrics metrics) =>
        [("Subset accuracy", metrics.Labels.SubsetAccuracy), (MicroF, metrics.Labels.Micro.FScore), (FormattableString.Invariant($"Macro F{_options.Beta}"), metrics.Labels.Macro.FScore), ("Hamming loss", metrics.Labels.HammingLoss)];

    internal override (string Expected, string Answered) Describe(JudgedLabels row) => (Names(i => row.Actual[i]), Names(i => row.Scores[i] >= _options.Threshold));

    private string Names(Func<int, bool> has) => string.Join(", ", _names.Where((_, i) => has(i))) is { Length: > 0 } names ? names : "(none)";
}
