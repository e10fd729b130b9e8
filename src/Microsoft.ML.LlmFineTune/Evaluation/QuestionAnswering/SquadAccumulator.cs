using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Answers to questions, one by one. Memory is constant in version 1.1, and in 2.0 while no probabilities of having no answer are given; with them some numbers a question are kept, as the best threshold needs their order.
/// </summary>
public sealed class SquadAccumulator
{
    private const string NoPrediction = "a question has no prediction; it counts 0", EmptyAnswers = "an answer has no words once normalized; it is left out";

    private readonly InputWarnings _warnings = new();
    private readonly List<Question> _rows = [];
    private readonly SegmentStatistics? _exact, _f1;
    private Sums _hasAnswer, _noAnswer;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How answers are judged; default null: version 2.0 without a threshold.</param>
    /// <param name="keepSegments">Whether the scores of each question are kept, for confidence intervals and paired tests.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public SquadAccumulator(SquadOptions? options = null, bool keepSegments = false)
    {
        Options = options ?? new SquadOptions();
        Options.Validate();
        if (!keepSegments) return;
        _exact = SegmentStatistics.OfMean("exact match", []);
        _f1 = SegmentStatistics.OfMean("F1", []);
    }

    /// <summary>How answers are judged.</summary>
    public SquadOptions Options { get; }

    /// <summary>Questions seen.</summary>
    public long Total => _hasAnswer.Count + _noAnswer.Count;

    /// <summary>Exact match of each question, 0 or 1; null unless the questions were to be kept.</summary>
    public SegmentStatistics? ExactMatchPerSegment => _exact;

    /// <summary>F1 of each question, from 0 to 1; null unless the questions were to be kept.</summary>
    public SegmentStatistics? F1PerSegment => _f1;

    private bool IsV2 => Options.Version == SquadVersion.V2;

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public SquadMetrics Compute()
    {
        Row.Some(Total);
        bool thresholds = IsV2 && Total > 0 && _rows.Count == Total;
        return new SquadMetrics
        {
            Overall = Sums.Of(_hasAnswer, _noAnswer).ToScores(), HasAnswer = IsV2 && _hasAnswer.Count > 0 ? _hasAnswer.ToScores() : null, NoAnswer = IsV2 && _noAnswer.Count > 0 ? _noAnswer.ToScores() : null,
            BestExactMatch = thresholds ? BestThreshold(row => row.Exact) : null, BestF1 = thresholds ? BestThreshold(row => row.F1) : null, Warnings = _warnings.List,
        };
    }

    /// <summary>Adds a question.</summary>
    /// <param name="prediction">The predicted answer; empty: none; null: there is no prediction, and the question counts 0.</param>
    /// <param name="answers">The answers that are right; the best one counts. In version 2.0 an empty list is a question without an answer.</param>
    /// <param name="noAnswerProbability">How probable it is that the question has no answer, from 0 to 1, or any score that rises with it. Default null: not known, and the threshold does not apply.</param>
    /// <returns>The question's own exact match (0 or 1) and F1 (from 0 to 1).</returns>
    /// <exception cref="ArgumentException">An answer is null, the probability is NaN, or version 1.1 got no answer; the message names the row.</exception>
    public (double ExactMatch, double F1) Add(string? prediction, IReadOnlyList<string> answers, double? noAnswerProbability = null)
    {
        Require.Argument(answers is not null && answers.All(answer => answer is not null), Row.At("Answers must be texts; there is a null", Total), nameof(answers));
        Require.Argument(IsV2 || answers.Count > 0, Row.At("In SQuAD 1.1 every question has an answer; there is none", Total), nameof(answers));
        Require.Argument(noAnswerProbability is not double.NaN, Row.At("The probability of having no answer must be a number; it is NaN", Total), nameof(noAnswerProbability));
        (double exact, double f1) = Judge(prediction, answers);
        bool hasAnswer = answers.Count > 0;
        if (IsV2 && noAnswerProbability is double probability)
        {
            _rows.Add(new Question(probability, exact, f1, hasAnswer, !string.IsNullOrEmpty(prediction)));
            if (probability > Options.NoAnswerThreshold) exact = f1 = hasAnswer ? 0 : 1;
        }
        if (hasAnswer) _hasAnswer.Add(exact, f1);
        else _noAnswer.Add(exact, f1);
        _exact?.Add([exact, 1]);
        _f1?.Add([f1, 1]);
        return (exact, f1);
    }

    /// <summary>Adds what another accumulator (of other questions) has counted, as if its questions followed.</summary>
    /// <exception cref="ArgumentException">It has other options, or lacks the scores of each question that this one keeps.</exception>
    public void Merge(SquadAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Options == Options, "Both accumulators must have the same options.", nameof(other));
        Require.Argument(_exact is null || other._exact is not null || other.Total == 0, "This accumulator keeps the scores of each question, so the other must keep them, too.", nameof(other));
        if (other._exact is not null) _exact?.Merge(other._exact);
        if (other._f1 is not null) _f1?.Merge(other._f1);
        _warnings.Merge(other._warnings, Total);
        _rows.AddRange(other._rows);
        _hasAnswer = Sums.Of(_hasAnswer, other._hasAnswer);
        _noAnswer = Sums.Of(_noAnswer, other._noAnswer);
    }

    private (double Exact, double F1) Judge(string? prediction, IReadOnlyList<string> answers)
    {
        if (prediction is null)
        {
            _warnings.Note(NoPrediction, Total);
            return (0, 0);
        }
        string predicted = SquadText.Normalize(prediction);
        double exact = 0, f1 = 0;
        int compared = 0;
        foreach (string answer in answers)
        {
            string wanted = SquadText.Normalize(answer);
            if (IsV2 && wanted.Length == 0)
            {
                _warnings.Note(EmptyAnswers, Total);
                continue;
            }
            compared++;
            exact = Math.Max(exact, predicted == wanted ? 1 : 0);
            f1 = Math.Max(f1, SquadText.F1Normalized(predicted, wanted, Options.Version));
        }
        // Without an answer, the empty one is right.
        return compared > 0 ? (exact, f1) : predicted.Length == 0 ? (1, 1) : (0, 0);
    }

    /// <summary>Starts where no question is answered, and takes the predictions one by one, those first that are least likely to have none.</summary>
    private SquadBestThreshold BestThreshold(Func<Question, double> score)
    {
        double current = _noAnswer.Count, best = current, threshold = 0;
        foreach (Question row in _rows.OrderBy(row => row.Probability))
        {
            current += row.HasAnswer ? score(row) : row.IsAnswered ? -1 : 0;
            if (current > best) (best, threshold) = (current, row.Probability);
        }
        return new SquadBestThreshold(100 * best / Total, threshold);
    }

    private readonly record struct Question(double Probability, double Exact, double F1, bool HasAnswer, bool IsAnswered);

    private struct Sums
    {
        private double _exact, _f1;

        public long Count { get; private set; }

        public static Sums Of(Sums left, Sums right) => new() { _exact = left._exact + right._exact, _f1 = left._f1 + right._f1, Count = left.Count + right.Count };

        public void Add(double exact, double f1)
        {
            _exact += exact;
            _f1 += f1;
            Count++;
        }

        public readonly SquadScores ToScores() => new(100 * _exact / Count, 100 * _f1 / Count, Count);
    }
}
