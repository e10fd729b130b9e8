using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// ROUGE, text by text, in constant memory. One accumulator belongs to one thread; a corpus is shared out by giving each thread an accumulator and adding them together.
/// </summary>
public sealed class RougeAccumulator
{
    private const string EmptyReference = "a reference has no words that ROUGE counts (a-z, 0-9); it scores 0", EmptyHypothesis = "a hypothesis has no words that ROUGE counts (a-z, 0-9); it scores 0";

    private readonly RougeTokens _tokens;
    private readonly TokenTable _vocabulary = new();
    private readonly TokenList _reference = new(), _hypothesis = new();
    private readonly NGramOverlap _overlap = new();
    private readonly LongestCommonSubsequence _subsequence = new();
    private readonly SummaryOverlap _summary = new();
    private readonly InputWarnings _warnings = new();
    private readonly RougeScore[] _sums;
    private readonly int _largestOrder;
    private readonly List<RougeScore>? _segments;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How ROUGE is computed; default null: rouge1, rouge2, rougeL and rougeLsum without stemming.</param>
    /// <param name="keepSegments">Whether the scores of each text are kept, for confidence intervals and paired tests.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public RougeAccumulator(RougeOptions? options = null, bool keepSegments = false)
    {
        Options = options ?? new RougeOptions();
        Options.Validate();
        _tokens = new RougeTokens(Options.UseStemmer ? new PorterStemmer(Options.Stemmer) : null);
        _sums = new RougeScore[Options.Types.Count];
        _largestOrder = Options.Types.Max(type => type.Order);
        if (keepSegments) _segments = [];
    }

    /// <summary>How ROUGE is computed.</summary>
    public RougeOptions Options { get; }

    /// <summary>Texts seen.</summary>
    public long Segments { get; private set; }

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public RougeMetrics Compute()
    {
        Row.Some(Segments);
        return new()
        {
            Scores = [.. Options.Types.Select((type, i) => (type, new RougeScore(_sums[i].Precision / Segments, _sums[i].Recall / Segments, _sums[i].FScore / Segments)))],
            Segments = Segments, Warnings = _warnings.List,
        };
    }

    /// <summary>Adds a text with one reference.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="reference">The text that it should be like.</param>
    /// <returns>The text's own score of each kind, in the order of <see cref="RougeOptions.Types"/>.</returns>
    /// <exception cref="ArgumentException">A text is null; the message names the row.</exception>
    public IReadOnlyList<RougeScore> Add(string hypothesis, string reference) => Add(hypothesis, [reference]);

    /// <summary>Adds a text with several references; for each kind the one with the largest F counts, the first of equal ones.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="references">The texts that it should be like; at least one.</param>
    /// <returns>The text's own score of each kind, in the order of <see cref="RougeOptions.Types"/>.</returns>
    /// <exception cref="ArgumentException">A text is null, or there is no reference; the message names the row.</exception>
    public IReadOnlyList<RougeScore> Add(string hypothesis, IReadOnlyList<string> references)
    {
        Require.Argument(hypothesis is not null, Row.At("A hypothesis must be a text, the empty one where there is no answer; it is null", Segments), nameof(hypothesis));
        Require.Argument(references is { Count: > 0 } && references.All(reference => reference is not null), Row.At("There must be at least one reference, and none that is null; that is not so", Segments), nameof(references));
        RougeScore[] best = Score(hypothesis, references[0]);
        for (int i = 1; i < references.Count; i++)
        {
            RougeScore[] others = Score(hypothesis, references[i]);
            for (int type = 0; type < best.Length; type++)
            {
                if (others[type].FScore > best[type].FScore) best[type] = others[type];
            }
        }
        for (int type = 0; type < best.Length; type++) _sums[type] = Sum(_sums[type], best[type]);
        _segments?.AddRange(best);
        Segments++;
        return best;
    }

    /// <summary>Adds what another accumulator (of another part of the corpus) has counted, as if its texts followed.</summary>
    /// <exception cref="ArgumentException">It has other options, or lacks the texts' scores that this one keeps.</exception>
    public void Merge(RougeAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Options.Types.SequenceEqual(Options.Types) && other.Options with { Types = Options.Types } == Options, "Both accumulators of ROUGE must have the same options.", nameof(other));
        Require.Argument(_segments is null || other._segments is not null || other.Segments == 0, "This accumulator keeps the scores of each text, so the other must keep them, too.", nameof(other));
        for (int type = 0; type < _sums.Length; type++) _sums[type] = Sum(_sums[type], other._sums[type]);
        if (other._segments is not null) _segments?.AddRange(other._segments);
        _warnings.Merge(other._warnings, Segments);
        Segments += other.Segments;
    }

    /// <summary>The F of each text, for confidence intervals and paired tests: their mean is the corpus' F.</summary>
    /// <param name="type">One of <see cref="RougeOptions.Types"/>.</param>
    /// <exception cref="InvalidOperationException">The texts' scores were not kept.</exception>
    public SegmentStatistics PerSegment(RougeType type) => SegmentStatistics.OfMean(type.Name, Kept(type).Select(score => score.FScore));

    /// <summary>Percentiles of the means of resampled corpora, as rouge_score's BootstrapAggregator has them. Its draws come from numpy's old global generator and cannot be repeated; these come from <see cref="Bootstrap.Indices"/>.</summary>
    /// <param name="type">One of <see cref="RougeOptions.Types"/>.</param>
    /// <param name="level">The share of the means that the interval holds; greater than 0, less than 1. Default 0.95.</param>
    /// <param name="options">Resamples and seed; default null: 1000 with sacreBLEU's seed.</param>
    /// <exception cref="InvalidOperationException">The texts' scores were not kept, or there are none.</exception>
    public RougeInterval Aggregate(RougeType type, double level = 0.95, ResamplingOptions? options = null)
    {
        List<RougeScore> scores = [.. Kept(type)];
        Require.State(scores.Count > 0, "There must be at least one text to resample; none was added.");
        return Aggregate(scores, Bootstrap.Indices(scores.Count, options), level);
    }

    internal static RougeInterval Aggregate(IReadOnlyList<RougeScore> scores, IEnumerable<IReadOnlyList<int>> indices, double level)
    {
        List<IReadOnlyList<int>> samples = [.. indices];
        (double Low, double Mid, double High) Percentiles(Func<RougeScore, double> part)
        {
            IReadOnlyList<double> means = Bootstrap.Scores(SegmentStatistics.OfMean("ROUGE", scores.Select(part)), samples);
            ConfidenceInterval interval = Bootstrap.PercentileInterval(means.Average(), means, level);
            return (interval.Lower, Bootstrap.Percentile(Bootstrap.Sorted(means), 0.5), interval.Upper);
        }
        var (precision, recall, f) = (Percentiles(score => score.Precision), Percentiles(score => score.Recall), Percentiles(score => score.FScore));
        return new RougeInterval(new(precision.Low, recall.Low, f.Low), new(precision.Mid, recall.Mid, f.Mid), new(precision.High, recall.High, f.High));
    }

    private RougeScore[] Score(string hypothesis, string reference)
    {
        _vocabulary.Clear();
        _reference.Clear();
        _hypothesis.Clear();
        _tokens.Read(reference, _vocabulary, _reference);
        _tokens.Read(hypothesis, _vocabulary, _hypothesis);
        if (_reference.Count == 0) _warnings.Note(EmptyReference, Segments);
        if (_hypothesis.Count == 0) _warnings.Note(EmptyHypothesis, Segments);
        if (_largestOrder > 0)
        {
            _overlap.Start(_hypothesis.Span, _largestOrder);
            _overlap.AddReference(_reference.Span);
        }
        RougeScore[] scores = new RougeScore[Options.Types.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            RougeType type = Options.Types[i];
            if (type.Order > 0) scores[i] = RougeScore.Of(_overlap.Matches[type.Order - 1], NGramOverlap.Total(_hypothesis.Count, type.Order), NGramOverlap.Total(_reference.Count, type.Order));
            else if (type == RougeType.L) scores[i] = RougeScore.Of(_subsequence.Length(_reference.Span, _hypothesis.Span), _hypothesis.Count, _reference.Count);
            else scores[i] = _summary.Score(Sentences(reference), Sentences(hypothesis), _tokens, _vocabulary);
        }
        return scores;
    }

    private IReadOnlyList<string> Sentences(string text)
    {
        if (Options.SentenceSplitter is null) return text.Split('\n');
        IReadOnlyList<string> sentences = Options.SentenceSplitter(text);
        Require.State(sentences is not null && sentences.All(sentence => sentence is not null), Row.At("The sentence splitter must give sentences; it gave null", Segments));
        return sentences;
    }

    private IEnumerable<RougeScore> Kept(RougeType type)
    {
        Require.State(_segments is not null, "The scores of each text were not kept: create the accumulator with keepSegments: true.");
        int at = Options.Types.ToList().IndexOf(type);
        Require.Argument(at >= 0, $"{type} was not asked for; RougeOptions.Types has {string.Join(", ", Options.Types)}.", nameof(type));
        for (int i = at; i < _segments.Count; i += Options.Types.Count) yield return _segments[i];
    }

    private static RougeScore Sum(RougeScore left, RougeScore right) => new(left.Precision + right.Precision, left.Recall + right.Recall, left.FScore + right.FScore);
}
