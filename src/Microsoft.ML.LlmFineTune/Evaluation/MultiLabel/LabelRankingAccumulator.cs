using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well the scores of a row rank its labels before others: means over the rows, in constant memory.</summary>
public sealed class LabelRankingAccumulator
{
    private double[] _widened = [];
    private double _weight;
    private double _precision;
    private double _coverage;
    private double _loss;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="actual">[labels]: which it has.</param>
    /// <param name="scores">[labels]: finite.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A score is NaN or infinite, there is not one a label, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<bool> actual, ReadOnlySpan<double> scores, double weight = 1)
    {
        Row.Length(scores.Length, actual.Length, Rows, nameof(scores));
        Row.Finite(scores, Rows, "score");
        _weight += Row.Weight(weight, Rows);
        Rows++;
        int there = actual.Count(true);
        if (there == 0 || there == actual.Length)
        {
            _precision += weight;
            _coverage += weight * there;
            return;
        }
        (double precision, int coverage, long wrong) = (0, 0, 0);
        for (int i = 0; i < actual.Length; i++)
        {
            if (!actual[i]) continue;
            (int atLeast, int trueOnes) = (0, 0);
            for (int j = 0; j < actual.Length; j++)
            {
                if (scores[j] < scores[i]) continue;
                atLeast++;
                if (actual[j]) trueOnes++;
            }
            precision += (double)trueOnes / atLeast;
            coverage = Math.Max(coverage, atLeast);
            wrong += atLeast - trueOnes;
        }
        _precision += weight * precision / there;
        _coverage += weight * coverage;
        _loss += weight * wrong / ((double)there * (actual.Length - there));
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{bool}, ReadOnlySpan{double}, double)"/>
    public void Add(ReadOnlySpan<bool> actual, ReadOnlySpan<float> scores, double weight = 1) => Add(actual, Row.Widen(scores, ref _widened), weight);

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    public void Merge(LabelRankingAccumulator other)
    {
        Row.Other(this, other);
        _weight += other._weight;
        _precision += other._precision;
        _coverage += other._coverage;
        _loss += other._loss;
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public LabelRankingMetrics Compute()
    {
        Row.Some(Rows, _weight);
        return new LabelRankingMetrics(Rows, _precision / _weight, _coverage / _weight, _loss / _weight);
    }
}
