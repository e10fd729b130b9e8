using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Evaluation.MetricFixture;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

/// <summary>BLEU, chrF and TER: sacreBLEU's answers, parts of a corpus against the whole, and bad input.</summary>
public sealed class CorpusMetricTests
{
    [Fact]
    public void Bleu_is_sacrebleus()
    {
        JsonNode file = Json("bleu");
        int compared = 0;
        foreach (JsonNode one in Cases("bleu"))
        {
            JsonNode options = one["options"]!, expected = one["expected"]!["corpus"]!;
            BleuAccumulator accumulator = new(new BleuOptions
            {
                Lowercase = (bool)options["lowercase"]!, EffectiveOrder = (bool)options["effective_order"]!, MaximumOrder = (int)options["max_ngram_order"]!, SmoothingValue = (double?)options["smooth_value"],
                Tokenizer = (string)options["tokenize"]! switch { "13a" => BleuTokenizer.V13a, "intl" => BleuTokenizer.International, "zh" => BleuTokenizer.Chinese, "char" => BleuTokenizer.Character, _ => BleuTokenizer.None },
                Smoothing = (string)options["smooth_method"]! switch { "exp" => BleuSmoothing.Exponential, "floor" => BleuSmoothing.Floor, "add-k" => BleuSmoothing.AddK, _ => BleuSmoothing.None },
            });
            foreach ((string hypothesis, string?[] references) in Corpus(file, (string)one["inputs"]!["corpus"]!)) accumulator.Add(hypothesis, references);
            BleuMetrics metrics = accumulator.Compute();
            Assert.Equal((double)expected["score"]!, metrics.Score, 1e-9);
            Assert.Equal(expected["counts"]!.Numbers(), metrics.Counts);
            Assert.Equal(expected["totals"]!.Numbers(), metrics.Totals);
            Assert.Equal((string)expected["signature"]!, metrics.Signature.ToString());
            Assert.Equal((string)expected["text"]!, metrics.ToString());
            compared++;
        }
        Assert.True(compared > 20);
    }

    [Fact]
    public void Chrf_is_sacrebleus()
    {
        JsonNode file = Json("chrf");
        foreach (JsonNode one in Cases("chrf"))
        {
            JsonNode options = one["options"]!, expected = one["expected"]!["corpus"]!;
            ChrfAccumulator accumulator = new(new ChrfOptions
            {
                CharacterOrder = (int)options["char_order"]!, WordOrder = (int)options["word_order"]!, Beta = (int)options["beta"]!, Lowercase = (bool)options["lowercase"]!, Whitespace = (bool)options["whitespace"]!,
                EpsilonSmoothing = (bool)options["eps_smoothing"]!,
            });
            foreach ((string hypothesis, string?[] references) in Corpus(file, (string)one["inputs"]!["corpus"]!)) accumulator.Add(hypothesis, references);
            Assert.Equal((double)expected["score"]!, accumulator.Compute().Score, 1e-9);
            Assert.Equal((string)expected["signature_short"]!, accumulator.Compute().Signature.ToShortString());
            Assert.Equal((string)expected["text"]!, accumulator.Compute().ToString());
        }
    }

    [Fact]
    public void Ter_is_sacrebleus()
    {
        JsonNode file = Json("ter");
        foreach (JsonNode one in Cases("ter"))
        {
            JsonNode options = one["options"]!, expected = one["expected"]!["corpus"]!;
            TerAccumulator accumulator = new(new TerOptions
            {
                Normalized = (bool)options["normalized"]!, NoPunctuation = (bool)options["no_punct"]!, AsianSupport = (bool)options["asian_support"]!, CaseSensitive = (bool)options["case_sensitive"]!,
            });
            foreach ((string hypothesis, string?[] references) in Corpus(file, (string)one["inputs"]!["corpus"]!)) accumulator.Add(hypothesis, references);
            Assert.Equal((double)expected["score"]!, accumulator.Compute().Score, 1e-9);
            Assert.Equal((long)expected["num_edits"]!, accumulator.Compute().Edits);
            Assert.Equal((string)expected["signature"]!, accumulator.Compute().Signature.ToString());
        }
    }

    [Fact]
    public void Defaults_are_sacrebleus()
    {
        BleuOptions bleu = new();
        Assert.Equal((BleuTokenizer.V13a, BleuSmoothing.Exponential, 4, false, false, (double?)null), (bleu.Tokenizer, bleu.Smoothing, bleu.MaximumOrder, bleu.EffectiveOrder, bleu.Lowercase, bleu.SmoothingValue));
        ChrfOptions chrf = new();
        Assert.Equal((6, 0, 2, false, false, false), (chrf.CharacterOrder, chrf.WordOrder, chrf.Beta, chrf.Lowercase, chrf.Whitespace, chrf.EpsilonSmoothing));
        TerOptions ter = new();
        Assert.Equal((false, false, false, false), (ter.Normalized, ter.NoPunctuation, ter.AsianSupport, ter.CaseSensitive));
    }

    [Fact]
    public void Parts_added_together_are_the_whole()
    {
        JsonNode file = Json("ter");
        List<(string Hypothesis, string?[] References)> corpus = [.. Corpus(file, "news_variable_refs"), .. Corpus(file, "tricky")];
        (BleuAccumulator wholeBleu, BleuAccumulator leftBleu, BleuAccumulator rightBleu) = (new(keepSegments: true), new(keepSegments: true), new(keepSegments: true));
        (ChrfAccumulator wholeChrf, ChrfAccumulator leftChrf, ChrfAccumulator rightChrf) = (new(ChrfOptions.PlusPlus), new(ChrfOptions.PlusPlus), new(ChrfOptions.PlusPlus));
        (TerAccumulator wholeTer, TerAccumulator leftTer, TerAccumulator rightTer) = (new(), new(), new());
        for (int i = 0; i < corpus.Count; i++)
        {
            (string hypothesis, string?[] references) = corpus[i];
            wholeBleu.Add(hypothesis, references);
            wholeChrf.Add(hypothesis, references);
            wholeTer.Add(hypothesis, references);
            (i < 13 ? leftBleu : rightBleu).Add(hypothesis, references);
            (i < 13 ? leftChrf : rightChrf).Add(hypothesis, references);
            (i < 13 ? leftTer : rightTer).Add(hypothesis, references);
        }
        leftBleu.Merge(rightBleu);
        leftChrf.Merge(rightChrf);
        leftTer.Merge(rightTer);
        Assert.Equal(wholeBleu.Compute().Score, leftBleu.Compute().Score);
        Assert.Equal(wholeBleu.Compute().ToString(4, wholeBleu.Compute().Signature), leftBleu.Compute().ToString(4, leftBleu.Compute().Signature));
        Assert.Equal(wholeBleu.PerSegment!.SegmentScores(), leftBleu.PerSegment!.SegmentScores());
        Assert.Equal(wholeBleu.Warnings, leftBleu.Warnings);
        Assert.Equal(wholeChrf.Compute().Score, leftChrf.Compute().Score);
        Assert.Equal(wholeTer.Compute().Score, leftTer.Compute().Score, 1e-12);
        Assert.Equal(wholeBleu.Compute().Score, wholeBleu.PerSegment.Score(), 1e-12);
    }

    [Fact]
    public void Order_of_segments_and_of_references_does_not_matter()
    {
        List<(string Hypothesis, string?[] References)> corpus = Corpus(Json("chrf"), "news_two_refs");
        (BleuAccumulator forth, BleuAccumulator back) = (new(), new());
        foreach ((string hypothesis, string?[] references) in corpus) forth.Add(hypothesis, references);
        foreach ((string hypothesis, string?[] references) in Enumerable.Reverse(corpus)) back.Add(hypothesis, [.. Enumerable.Reverse(references)]);
        Assert.Equal(forth.Compute().Score, back.Compute().Score);
    }

    [Fact]
    public void Bad_input_is_refused_with_its_row_and_counts_nothing()
    {
        BleuAccumulator accumulator = new();
        accumulator.Add("a b c d", "a b c d");
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => accumulator.Add("a", [null])).Message, StringComparison.Ordinal);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => accumulator.Add(null!, "a")).Message, StringComparison.Ordinal);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => accumulator.Add("a", [])).Message, StringComparison.Ordinal);
        Assert.Equal(1, accumulator.Segments);
        Assert.Equal(100, accumulator.Compute().Score, 1e-9);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => Chrf.Corpus(["a", "b"], ["a"])).Message, StringComparison.Ordinal);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => Ter.Corpus(["a"], ["a", "b"])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Merge(new BleuAccumulator(new BleuOptions { Lowercase = true })));
        Assert.Throws<ArgumentException>(() => accumulator.Merge(accumulator));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BleuAccumulator(new BleuOptions { MaximumOrder = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChrfAccumulator(new ChrfOptions { CharacterOrder = 0 }));
    }

    [Fact]
    public void Odd_input_is_counted_and_warned_of()
    {
        ChrfAccumulator accumulator = new();
        accumulator.Add("ab", "ab");
        accumulator.Add("a\uD800b", "a\uD800b");
        accumulator.Add("c", "");
        accumulator.Add("d", "");
        ChrfMetrics metrics = accumulator.Compute();
        Assert.Equal([1L, 2L], metrics.Warnings.Select(warning => warning.FirstRow).Order());
        Assert.Contains(metrics.Warnings, warning => warning.Message.Contains("empty", StringComparison.Ordinal) && warning is { Count: 2, FirstRow: 2 });
        Assert.Equal(100, Chrf.Sentence("a\uD800b", ["a\uD800b"]).Score, 1e-9);
    }
}
