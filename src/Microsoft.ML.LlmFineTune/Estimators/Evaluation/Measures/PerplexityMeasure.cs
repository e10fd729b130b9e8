using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>The log-probability of a text, in nats, and its tokens.</summary>
internal readonly record struct JudgedLikelihood(double LogProbability, long Tokens, string? Text);

/// <summary>Perplexity by token, word, character and byte.</summary>
internal sealed class PerplexityMeasure(bool hasText, bool keepRows) : Measure<JudgedLikelihood, PerplexityAccumulator>
{
    private readonly PerplexityAccumulator _sums = new();
    private readonly SegmentStatistics? _perplexity = keepRows ? WeightedMean.Statistics("Perplexity", Math.Exp) : null, _bits = keepRows && hasText ? WeightedMean.Statistics("Bits per byte", nats => nats / Math.Log(2)) : null;
    private long _rows;

    internal override IEnumerable<SegmentStatistics> Segments => _perplexity is null ? [] : _bits is null ? [_perplexity] : [_perplexity, _bits];

    internal override double Add(JudgedLikelihood row)
    {
        if (!(row.LogProbability <= 0)) throw new ArgumentException(FormattableString.Invariant($"Row {_rows}: a log-probability must be 0 or less; received {row.LogProbability}."));
        _rows++;
        _sums.Add(-row.LogProbability, row.Tokens);
        _perplexity?.Add([-row.LogProbability, row.Tokens]);
        if (row.Text is not null)
        {
            long before = _sums.Bytes;
            _sums.AddText(row.Text);
            _bits?.Add([-row.LogProbability, _sums.Bytes - before]);
        }
        return row.Tokens == 0 ? double.NaN : -row.LogProbability / row.Tokens;
    }

    internal override PerplexityAccumulator Compute() => _sums.Tokens > 0 ? _sums : throw new InvalidOperationException("Perplexity needs at least one predicted token; there is none. Each text needs two tokens at least.");

    internal override IEnumerable<(string Name, double Value)> Figures(PerplexityAccumulator metrics)
    {
        yield return ("Perplexity", metrics.Perplexity!.Value);
        if (metrics.WordPerplexity is double word) yield return ("Word perplexity", word);
        if (metrics.BitsPerByte is double bits) yield return ("Bits per byte", bits);
    }

    internal override (string Expected, string Answered) Describe(JudgedLikelihood row) => (row.Text ?? "", FormattableString.Invariant($"{row.LogProbability:0.###} nats for {row.Tokens} tokens"));
}
