using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Evaluation.MetricFixture;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

/// <summary>ROUGE, SQuAD, error rates, METEOR, diversity: the references' answers, parts against the whole, bad input.</summary>
public sealed class TextMetricTests
{
    [Fact]
    public void Rouge_is_rouge_scores()
    {
        foreach (JsonNode one in Cases("rouge"))
        {
            foreach ((string name, bool stemmed) in ((string, bool)[])[("no_stemmer", false), ("stemmer", true)])
            {
                JsonObject expected = one["expected"]![name]!.AsObject();
                List<RougeType> types = [.. expected.Select(score => RougeType.Parse(score.Key))];
                IReadOnlyList<RougeScore> scores = new RougeAccumulator(new RougeOptions { Types = types, UseStemmer = stemmed }).Add((string)one["inputs"]!["prediction"]!, (string)one["inputs"]!["target"]!);
                foreach ((RougeType type, RougeScore score) in types.Zip(scores))
                {
                    double[] wanted = expected[type.Name]!.Numbers();
                    Assert.Equal(wanted[0], score.Precision, 1e-12);
                    Assert.Equal(wanted[1], score.Recall, 1e-12);
                    Assert.Equal(wanted[2], score.FScore, 1e-12);
                }
            }
        }
    }

    [Fact]
    public void Rouge_of_parts_is_rouge_of_the_whole()
    {
        List<(string Prediction, string Target)> texts = [.. Cases("rouge").Take(30).Select(one => ((string)one["inputs"]!["prediction"]!, (string)one["inputs"]!["target"]!))];
        (RougeAccumulator whole, RougeAccumulator left, RougeAccumulator right) = (new(keepSegments: true), new(keepSegments: true), new(keepSegments: true));
        foreach ((int i, (string prediction, string target)) in texts.Index())
        {
            whole.Add(prediction, target);
            (i < 11 ? left : right).Add(prediction, target);
        }
        left.Merge(right);
        Assert.Equal(whole.Compute().RougeLsum.FScore, left.Compute().RougeLsum.FScore, 1e-12);
        Assert.Equal(whole.PerSegment(RougeType.L).SegmentScores(), left.PerSegment(RougeType.L).SegmentScores());
        Assert.Equal(whole.Compute().RougeL.FScore, whole.PerSegment(RougeType.L).Score(), 1e-12);
        RougeInterval interval = whole.Aggregate(RougeType.N(1), options: new ResamplingOptions { Samples = 200 });
        Assert.InRange(whole.Compute().Rouge1.FScore, interval.Low.FScore, interval.High.FScore);
        Assert.Throws<ArgumentException>(() => whole.Compute()[RougeType.N(3)]);
        Assert.Throws<ArgumentException>(() => RougeType.Parse("rouge0"));
        Assert.Contains("row 30", Assert.Throws<ArgumentException>(() => whole.Add("a", [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_are_judged_as_squads_scripts_do()
    {
        foreach (JsonNode one in Cases("squad"))
        {
            (string prediction, string[] answers) = ((string)one["inputs"]!["prediction"]!, one["inputs"]!["answers"]!.Texts());
            Assert.Equal((string)one["expected"]!["normalized_prediction"]!, SquadText.Normalize(prediction));
            Assert.Equal((double)one["expected"]!["f1_v1"]!, answers.Max(answer => SquadText.F1(prediction, answer, SquadVersion.V1)), 1e-12);
            Assert.Equal((double)one["expected"]!["f1_v2"]!, answers.Max(answer => SquadText.F1(prediction, answer)), 1e-12);
        }
        foreach (JsonNode? data in Json("squad")["v2_datasets"]!.AsArray())
        {
            SquadOptions options = new() { NoAnswerThreshold = (double)data!["options"]!["na_prob_threshold"]! };
            (SquadAccumulator first, SquadAccumulator second) = (new(options, keepSegments: true), new(options, keepSegments: true));
            foreach ((int i, JsonNode? row) in data["inputs"]!["rows"]!.AsArray().Index()) (i % 3 == 0 ? first : second).Add((string)row!["prediction"]!, row["answers"]!.Texts(), (double)row["na_prob"]!);
            first.Merge(second);
            SquadMetrics metrics = first.Compute();
            Assert.Equal((double)data["expected"]!["summary"]!["exact"]!, metrics.ExactMatch, 1e-9);
            Assert.Equal((double)data["expected"]!["summary"]!["f1"]!, metrics.F1, 1e-9);
            Assert.Equal(metrics.F1, 100 * first.F1PerSegment!.Score(), 1e-9);
        }
    }

    [Fact]
    public void Questions_without_prediction_or_answer()
    {
        SquadAccumulator accumulator = new(new SquadOptions { Version = SquadVersion.V1 });
        accumulator.Add("Paris", ["paris!"]);
        accumulator.Add(null, ["Rome"]);
        Assert.Equal(50, accumulator.Compute().ExactMatch);
        Assert.Equal(1, accumulator.Compute().Warnings.Single().FirstRow);
        Assert.Contains("row 2", Assert.Throws<ArgumentException>(() => accumulator.Add("x", [])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new SquadAccumulator().Compute());
        Assert.Equal((1.0, 1.0), new SquadAccumulator().Add("", []));
    }

    [Fact]
    public void Error_rates_are_sums_of_edits_over_sums_of_lengths()
    {
        (ErrorRateAccumulator whole, ErrorRateAccumulator left, ErrorRateAccumulator right) = (new(keepSegments: true), new(), new());
        List<JsonNode> cases = [.. Cases("wer")];
        foreach ((int i, JsonNode one) in cases.Where(one => one["inputs"]!.AsObject().Count > 0).Index())
        {
            (string hypothesis, string reference) = ((string)one["inputs"]!["hypothesis"]!, (string)one["inputs"]!["reference"]!);
            ErrorRateMetrics text = whole.Add(hypothesis, reference);
            (i % 2 == 0 ? left : right).Add(hypothesis, reference);
            Assert.Equal((long)one["expected"]!["word_distance"]!, text.WordEdits.Distance);
            Assert.Equal((long)one["expected"]!["char_distance"]!, text.CharacterEdits.Distance);
            Assert.Equal(text.CharacterEdits.Distance, EditDistance.Characters(reference, hypothesis).Distance);
        }
        left.Merge(right);
        Assert.Equal(whole.Compute().WordEdits, left.Compute().WordEdits);
        Assert.Equal((double)cases[^1]["expected"]!["wer"]!, whole.Compute().WordErrorRate, 1e-12);
        Assert.Equal(whole.Compute().WordErrorRate, whole.WordsPerSegment!.Score(), 1e-12);
        Assert.True(double.IsPositiveInfinity(new ErrorRateAccumulator().Add("a", "").WordErrorRate));
        Assert.Equal(0, new ErrorRateAccumulator().Add("", "").WordErrorRate);
    }

    [Fact]
    public void Diversity_and_meteor_are_the_formulas()
    {
        foreach (JsonNode one in Cases("text-diversity"))
        {
            JsonNode expected = one["expected"]!;
            if ((string)one["kind"]! == "meteor")
            {
                MeteorAccumulator accumulator = new();
                Assert.Equal((double)expected["score"]!, accumulator.Add((string)one["inputs"]!["hypothesis"]!, one["inputs"]!["references"]!.Texts()), 1e-12);
                continue;
            }
            string[] texts = one["inputs"]!["texts"]!.Texts();
            (DiversityAccumulator whole, DiversityAccumulator left, DiversityAccumulator right) = (new(), new(), new());
            foreach ((int i, string text) in texts.Index())
            {
                whole.Add(text);
                (i % 2 == 0 ? left : right).Add(text);
            }
            left.Merge(right);
            foreach (DiversityMetrics metrics in (DiversityMetrics[])[whole.Compute(), left.Compute()])
            {
                Assert.Equal((long)expected["types"]!, metrics.Types);
                for (int n = 1; n <= 4; n++)
                {
                    AssertSame((double?)expected["distinct_n"]![$"{n}"], metrics.Distinct[n - 1]);
                    AssertSame((double?)expected["ngram_entropy"]![$"{n}"], metrics.Entropy[n - 1]);
                    AssertSame((double?)expected["seq_rep_n_mean_over_sentences"]![$"{n}"], metrics.SequenceRepetition[n - 1]);
                }
                AssertSame((double?)expected["repetition_rate"], metrics.RepetitionRate);
            }
            AssertSame((double?)expected["self_bleu_4_13a"]!["mean"], SelfBleu.Compute(texts, cancellation: TestContext.Current.CancellationToken).Mean);
        }
    }

    private static void AssertSame(double? expected, double? actual)
    {
        if (expected is null || actual is null) Assert.Equal(expected, actual);
        else Assert.Equal(expected.Value, actual.Value, 1e-9);
    }
}
