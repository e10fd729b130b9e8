using System.Text;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/public.json: figures on files of the shared data.</summary>
internal sealed class PublicReader : CaseReader
{
    private const double Tolerance = 1e-9;

    public override bool Reads(string file) => file == "public.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var (metric, options, value) = (c["metric"].GetString()!, c["options"], c["value"]);
        switch (metric)
        {
            case "BLEU": BleuReader.Compare(tally, value, Add(c, new BleuAccumulator(BleuReader.Options(options))).Compute()); break;
            case "chrF": ChrfReader.Compare(tally, value, Add(c, new ChrfAccumulator(ChrfReader.Options(options))).Compute()); break;
            case "TER": TerReader.Compare(tally, value, Add(c, new TerAccumulator(TerReader.Options(options))).Compute()); break;
            case "sentence BLEU": Sentences(c, tally); break;
            case "SQuAD": Answers(c, tally); break;
            case "SQuAD over all questions": Questions(c, tally); break;
            case var name when name.StartsWith("seqeval", StringComparison.Ordinal): Entities(c, tally); break;
            case var name when name.StartsWith("rouge", StringComparison.Ordinal): OfRouge(c, tally, name); break;
            default: throw new UnsupportedException($"there is no {metric}");
        }
    }

    private static T Add<T>(FixtureCase c, T accumulator) where T : CorpusAccumulator
    {
        accumulator.AddRange(Lines(c, "file"), Lines(c, "reference").Select(IReadOnlyList<string?> (line) => [line]));
        return accumulator;
    }

    private static void Sentences(FixtureCase c, Tally tally)
    {
        var (options, expected) = (BleuReader.Options(c["options"]), c["value"].GetProperty("scores").ToDoubles());
        var pairs = Lines(c, "file").Zip(Lines(c, "reference")).Skip(c["value"].GetProperty("first_line").GetInt32()).Take(expected.Length);
        tally.Numbers("scores", expected, [.. pairs.Select(pair => Bleu.Sentence(pair.First, [pair.Second], options).Score)], Tolerance);
    }

    private static void Entities(FixtureCase c, Tally tally)
    {
        List<string[]> reference, predicted;
        if (c["columns"].IsGiven()) (reference, predicted) = (Tags(c, "file", 2), Tags(c, "file", 1));
        else (reference, predicted) = (Tags(c, "reference", 1), Tags(c, "file", 1));
        if (c["same_sentence_lengths"].IsGiven()) tally.Sequence("same_sentence_lengths", reference.Select(tags => tags.Length), predicted.Select(tags => tags.Length));
        var metrics = SeqevalReader.Add(reference, predicted, SeqevalReader.Options(c["options"])) ?? throw new InvalidDataException("The sentences of the files differ.");
        var value = c["value"];
        tally.Numbers("precision, recall, f1", [value.GetProperty("precision").ToDouble(), value.GetProperty("recall").ToDouble(), value.GetProperty("f1").ToDouble()], [metrics.Micro.Precision, metrics.Micro.Recall, metrics.Micro.FScore], Tolerance);
        if (value.TryGetProperty("macro_f1", out var macro)) tally.Number("macro_f1", macro.ToDouble(), metrics.Macro.FScore, Tolerance);
        if (value.TryGetProperty("weighted_f1", out var weighted)) tally.Number("weighted_f1", weighted.ToDouble(), metrics.Weighted.FScore, Tolerance);
        if (value.TryGetProperty("sentences", out var sentences)) tally.Equal("sentences", sentences.GetInt64(), metrics.Sentences);
        if (value.TryGetProperty("report", out var report)) SeqevalReader.Report(tally, "", report, metrics);
    }

    private static void OfRouge(FixtureCase c, Tally tally, string name)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(c.Data(c["file"].GetString()!)));
        var vector = file.RootElement.GetProperty("vectors")[c["vector_index"].GetInt32()];
        var options = new RougeOptions { Types = [RougeType.Parse(name)], UseStemmer = CorpusCases.Flag(c["options"], "use_stemmer") };
        RougeReader.Compare(tally, name, c["value"], new RougeAccumulator(options).Add(vector.GetProperty("prediction").GetString()!, vector.GetProperty("target").GetString()!)[0]);
    }

    private static void Answers(FixtureCase c, Tally tally)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(c.Data(c["file"].GetString()!)));
        var one = file.RootElement.GetProperty("cases")[c["case_index"].GetInt32()];
        var (prediction, answer) = (one.GetProperty("prediction").GetString()!, one.GetProperty("gold").GetString()!);
        tally.Number("exact", c["value"].GetProperty("exact").ToDouble(), SquadText.ExactMatch(prediction, answer), 0);
        tally.Number("f1_v1", c["value"].GetProperty("f1_v1").ToDouble(), SquadText.F1(prediction, answer, SquadVersion.V1), Tolerance);
        tally.Number("f1_v2", c["value"].GetProperty("f1_v2").ToDouble(), SquadText.F1(prediction, answer), Tolerance);
    }

    private static void Questions(FixtureCase c, Tally tally)
    {
        using var predictions = JsonDocument.Parse(File.ReadAllBytes(c.Data(c["file"].GetString()!)));
        using var questions = JsonDocument.Parse(File.ReadAllBytes(c.Data(c["reference"].GetString()!)));
        var (first, second) = (new SquadAccumulator(new SquadOptions { Version = SquadVersion.V1 }), new SquadAccumulator());
        int scored = 0;
        foreach (var question in questions.RootElement.GetProperty("data").EnumerateArray().SelectMany(article => article.GetProperty("paragraphs").EnumerateArray()).SelectMany(paragraph => paragraph.GetProperty("qas").EnumerateArray()))
        {
            var answers = question.GetProperty("answers").EnumerateArray().Select(answer => answer.GetProperty("text").GetString()!).ToList();
            var prediction = predictions.RootElement.TryGetProperty(question.GetProperty("id").GetString()!, out var text) ? text.GetString() : null;
            if (prediction is not null) scored++;
            first.Add(prediction, answers);
            second.Add(prediction, answers);
        }
        tally.Equal("questions", c["value"].GetProperty("questions").GetInt64(), first.Total);
        tally.Equal("scored", c["value"].GetProperty("scored").GetInt32(), scored);
        tally.Number("exact", c["value"].GetProperty("exact").ToDouble(), second.Compute().ExactMatch, Tolerance);
        tally.Number("f1_v1", c["value"].GetProperty("f1_v1").ToDouble(), first.Compute().F1, Tolerance);
        tally.Number("f1_v2", c["value"].GetProperty("f1_v2").ToDouble(), second.Compute().F1, Tolerance);
    }

    /// <summary>Lines end at \n alone; a byte order mark is a character, as in the reference.</summary>
    private static string[] Lines(FixtureCase c, string property)
    {
        var text = Encoding.UTF8.GetString(File.ReadAllBytes(c.Data(c[property].GetString()!)));
        return (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
    }

    /// <summary>Tags of sentences, in a column counted from the end; a line without text ends a sentence.</summary>
    private static List<string[]> Tags(FixtureCase c, string property, int fromEnd)
    {
        List<string[]> sentences = [];
        List<string> sentence = [];
        foreach (var line in Lines(c, property).Append(""))
        {
            var columns = PythonText.Split(line);
            if (columns.Length > 0)
            {
                sentence.Add(columns[^fromEnd]);
            }
            else if (sentence.Count > 0)
            {
                sentences.Add([.. sentence]);
                sentence.Clear();
            }
        }
        return sentences;
    }
}
