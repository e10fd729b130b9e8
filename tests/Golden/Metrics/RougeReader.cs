using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/rouge.json: pairs of texts, several targets, given sentences, aggregation, words and stems.</summary>
internal sealed class RougeReader : CaseReader
{
    private const double Tolerance = 1e-9;

    public override bool Reads(string file) => file == "rouge.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.Value.ValueKind == JsonValueKind.String) Stem(c, tally);
        else if (c["tokens"].IsGiven()) Words(c, tally);
        else if (c["inputs"].TryGetProperty("target_sentences", out var sentences)) Sentences(c, sentences.ToTexts(), c["inputs"].GetProperty("prediction_sentences").ToTexts(), tally);
        else if (c["inputs"].TryGetProperty("scores", out _)) Aggregation(c, tally);
        else Texts(c, tally);
    }

    public static void Compare(Tally tally, string what, JsonElement expected, RougeScore actual) =>
        tally.Numbers(what, expected.ToDoubles(), [actual.Precision, actual.Recall, actual.FScore], Tolerance);

    private static void Texts(FixtureCase c, Tally tally)
    {
        var prediction = c["inputs"].GetProperty("prediction").GetString()!;
        var targets = c["inputs"].TryGetProperty("targets", out var several) ? several.ToTexts() : [c["inputs"].GetProperty("target").GetString()!];
        foreach (var (name, stemmed) in new[] { ("no_stemmer", false), ("stemmer", true) })
        {
            if (!c["expected"].TryGetProperty(name, out var expected)) continue;
            if (expected.TryGetProperty("error", out _))
            {
                tally.Equal($"{name} is refused", true, Refuses(() => new RougeAccumulator(new RougeOptions { UseStemmer = stemmed }).Add(prediction, targets)));
                continue;
            }
            var types = expected.EnumerateObject().Select(score => RougeType.Parse(score.Name)).ToList();
            var scores = new RougeAccumulator(new RougeOptions { Types = types, UseStemmer = stemmed }).Add(prediction, targets);
            foreach (var (type, score) in types.Zip(scores)) Compare(tally, $"{name} {type}", expected.GetProperty(type.Name), score);
        }
    }

    private static void Sentences(FixtureCase c, string[] target, string[] prediction, Tally tally)
    {
        // The texts stand for their sentences.
        var options = new RougeOptions { Types = [RougeType.Lsum], SentenceSplitter = text => text == "target" ? target : prediction };
        Compare(tally, "rougeLsum", c["expected"].GetProperty("rougeLsum"), new RougeAccumulator(options).Add("prediction", "target")[0]);
        var oneLine = new RougeAccumulator(new RougeOptions { Types = [RougeType.Lsum] }).Add(string.Join(' ', prediction), string.Join(' ', target))[0];
        if (c["expected"].TryGetProperty("rougeLsum_of_one_line", out var expected)) Compare(tally, "rougeLsum_of_one_line", expected, oneLine);
    }

    private static void Aggregation(FixtureCase c, Tally tally)
    {
        var scores = c["inputs"].GetProperty("scores").EnumerateArray().Select(score => new RougeScore(score[0].ToDouble(), score[1].ToDouble(), score[2].ToDouble())).ToList();
        var indices = c["inputs"].GetProperty("bootstrap_indices").EnumerateArray().Select(sample => sample.ToInts()).ToList();
        var interval = RougeAccumulator.Aggregate(scores, indices, c["options"].GetProperty("confidence_interval").ToDouble());
        Compare(tally, "low", c["expected"].GetProperty("low"), interval.Low);
        Compare(tally, "mid", c["expected"].GetProperty("mid"), interval.Mid);
        Compare(tally, "high", c["expected"].GetProperty("high"), interval.High);
        Compare(tally, "plain_mean", c["expected"].GetProperty("plain_mean"), new RougeScore(scores.Average(score => score.Precision), scores.Average(score => score.Recall), scores.Average(score => score.FScore)));
    }

    private static void Words(FixtureCase c, Tally tally)
    {
        tally.Sequence("tokens", c["tokens"].ToTexts(), new RougeTokens(null).Read(c["input"].GetString()!));
        if (c["stemmed"].IsGiven()) tally.Sequence("stemmed", c["stemmed"].ToTexts(), new RougeTokens(new PorterStemmer()).Read(c["input"].GetString()!));
    }

    /// <summary>A word stands in the table of nltk's stems, or in that of Porter's where these differ.</summary>
    private static void Stem(FixtureCase c, Tally tally)
    {
        var nltk = c.Root.TryGetProperty("stems", out var table) && table.TryGetProperty(c.Name, out var stem) && stem.GetString() == c.Value.GetString();
        tally.Equal("stem", c.Value.GetString(), new PorterStemmer(nltk ? PorterVariant.NltkExtensions : PorterVariant.OriginalAlgorithm).Stem(c.Name));
    }

    private static bool Refuses(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}
