using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>The log-probability of a text, in nats, and its tokens.</summary>
internal readonly record struct JudgedLikelihood(double LogProbability, double TokenCount, string? Text);

/// <summary>Perplexity by token, word, character and byte.</summary>
internal sealed class PerplexityMeasure(bool hasText, bool keepRows) : Measure<JudgedLikelihood, PerplexityMetrics>
{
    private readonly PerplexityAccumulator _sums = new();
    private readonly SegmentStatistics? _perplexity = keepRows ? WeightedMean.Statistics("Perplexity", Math.Exp) : null, _bits = keepRows && hasText ? WeightedMean.Statistics("Bits per byte", nats => nats / Math.Log(2)) : null;
    private long _rows;

    internal override IEnumerable<SegmentStatistics> Segments => _perplexity is null ? [] : _bits is null ? [_perplexity] : [_perplexity, _bits];

    internal override double Add(JudgedLikelihood row)
    {
        if (!(row.LogProbability <= 0)) throw new ArgumentException(FormattableString.Invariant($"Row {_rows}: a log-probability must be 0 or less; received {row.LogProbability}."));
        if (!(row.TokenCount >= 0 && row.TokenCount <= long.MaxValue / 2 && row.TokenCount == Math.Floor(row.TokenCount))) throw new ArgumentException(FormattableString.Invariant($"Row {_rows}: a number of tokens must be a whole number of 0 or more; received {row.TokenCount}."));
        long tokens = (long)row.TokenCount;
        _rows++;
        _sums.Add(-row.LogProbability, tokens);
        _perplexity?.Add([-row.LogProbability, tokens]);
        if (row.Text is not null)
        {
            long before = _sums.Bytes;
            _sums.AddText(row.Text);
            _bits?.Add([-row.LogProbability, _sums.Bytes - before]);
        }
        return tokens == 0 ? double.NaN : -row.LogProbability / tokens;
    }

    internal override PerplexityMetrics Compute() => _sums.Tokens > 0 ? _sums.Compute() : throw new InvalidOperationException("Perplexity needs at least one predicted token; there is none. Each text needs two tokens at least.");

    internal override IEnumerable<(string Name, double Value)> Figures(PerplexityMetrics metrics)
    {
        yield return ("Perplexity", metrics.Perplexity!.Value);
        if (metrics.WordPerplexity is double word) yield return ("Word perplexity", word);
        if (metrics.BitsPerByte is double bits) yield return ("Bits per byte", bits);
    }

    internal override (string Expected, string Answered) Describe(JudgedLikelihood row) => (row.Text ?? "", FormattableString.Invariant($"{row.LogProbability:0.###} nats for {row.TokenCount} tokens"));
}
