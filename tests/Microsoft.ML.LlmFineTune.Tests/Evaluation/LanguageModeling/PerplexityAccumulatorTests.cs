using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class PerplexityAccumulatorTests
{
    [Fact]
    public void Nothing_seen_is_no_number()
    {
        PerplexityAccumulator accumulator = new();
        Assert.Null(accumulator.Compute().Loss);
        Assert.Null(accumulator.Compute().Perplexity);
        Assert.Null(accumulator.Compute().WordPerplexity);
        Assert.Null(accumulator.Compute().CharacterPerplexity);
        Assert.Null(accumulator.Compute().BitsPerByte);
    }

    [Fact]
    public void Sums_are_divided_once()
    {
        PerplexityAccumulator left = new(), right = new();
        left.Add(8 * Math.Log(4), 8);
        left.AddText("zwölf  Wörter\nsind es nicht");
        right.Add(2 * Math.Log(2), 2);
        left.Merge(right);
        double nats = (8 * Math.Log(4)) + (2 * Math.Log(2));
        Assert.Equal(nats / 10, left.Compute().Loss!.Value, 12);
        Assert.Equal(Math.Exp(nats / 10), left.Compute().Perplexity!.Value, 12);
        Assert.Equal((5, 27, 29), (left.Words, left.Characters, left.Bytes));
        Assert.Equal(Math.Exp(nats / 5), left.Compute().WordPerplexity!.Value, 9);
        Assert.Equal(1.8, left.Compute().BitsPerToken!.Value, 12);
        Assert.Equal(18.0 / 27, left.Compute().BitsPerCharacter!.Value, 12);
        Assert.Equal(18.0 / 29, left.Compute().BitsPerByte!.Value, 12);
    }

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData(" \t\u3000", 0, 3)]
    [InlineData("a\u001Cb\u001Fc", 3, 5)]
    [InlineData("a\u200Bb\uFEFFc", 1, 5)]
    [InlineData("\U0001F600 x", 2, 3)]
    public void Words_and_characters_are_counted_as_python_does(string text, long words, long characters)
    {
        PerplexityAccumulator accumulator = new();
        accumulator.AddText(text);
        Assert.Equal((words, characters), (accumulator.Words, accumulator.Characters));
    }

    [Fact]
    public void Sums_and_texts_of_the_reference()
    {
        JsonNode[] cases = [.. MetricFixture.Cases("perplexity").Where(item => (string)item["kind"]! is "sums" or "text")];
        Assert.Equal(24, cases.Length);
        foreach (JsonNode @case in cases)
        {
            JsonNode inputs = @case["inputs"]!, expected = @case["expected"]!;
            PerplexityAccumulator accumulator = new();
            accumulator.Add((double)inputs["nll_sum_nats"]!, (long)inputs["tokens"]!);
            if (inputs["text"] is { } text) accumulator.AddText((string)text!);
            else accumulator.AddText((long)inputs["words"]!, (long)inputs["bytes"]!, (long)inputs["chars"]!);
            AssertSame(expected["nll_per_token"], accumulator.Compute().Loss);
            AssertSame(expected["token_perplexity"], accumulator.Compute().Perplexity);
            AssertSame(expected["word_perplexity"], accumulator.Compute().WordPerplexity);
            AssertSame(expected["char_perplexity"], accumulator.Compute().CharacterPerplexity);
            AssertSame(expected["byte_perplexity"], accumulator.Compute().BytePerplexity);
            AssertSame(expected["bits_per_token"], accumulator.Compute().BitsPerToken);
            AssertSame(expected["bits_per_char"], accumulator.Compute().BitsPerCharacter);
            AssertSame(expected["bits_per_byte"], accumulator.Compute().BitsPerByte);
        }
    }

    [Fact]
    public void Logits_of_the_reference()
    {
        JsonNode[] cases = [.. MetricFixture.Cases("perplexity").Where(item => (string)item["kind"]! == "logits")];
        Assert.Equal(4, cases.Length);
        foreach (JsonNode @case in cases)
        {
            foreach (bool shift in new[] { false, true })
            {
                PerplexityAccumulator accumulator = new();
                List<double> each = [];
                foreach ((JsonNode? logits, JsonNode? labels) in @case["inputs"]!["logits"]!.AsArray().Zip(@case["inputs"]!["labels"]!.AsArray()))
                    each.AddRange(accumulator.AddLogits([.. logits!.Rows().SelectMany(row => row)], logits![0]!.AsArray().Count, labels!.Ints(), shift));
                JsonNode expected = @case["expected"]![shift ? "shifted" : "not_shifted"]!;
                Assert.Equal(expected["nll_each"]!.Numbers(), each, (x, y) => Math.Abs(x - y) < 1e-12);
                Assert.Equal((long)expected["tokens"]!, accumulator.Tokens);
                AssertSame(expected["perplexity"], accumulator.Compute().Perplexity);
            }
        }
    }

    [Fact]
    public void Bad_logits_are_named_and_count_nothing()
    {
        PerplexityAccumulator accumulator = new();
        Assert.StartsWith("Row 1: the label must be at least 0 and less than 2; received 2.", Assert.Throws<ArgumentException>(() => accumulator.AddLogits([0.0, 0, 0, 0], 2, [0, 2])).Message, StringComparison.Ordinal);
        Assert.StartsWith("Row 1: the logits must be numbers", Assert.Throws<ArgumentException>(() => accumulator.AddLogits([double.NaN, 0, 0, 0], 2, [0, 1])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.AddLogits([0f, 0f, 0f], 2, [0, 1]));
        Assert.Throws<ArgumentException>(() => accumulator.Add(double.NaN, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => accumulator.Add(1, -1));
        Assert.Equal(0, accumulator.Tokens);
    }

    private static void AssertSame(JsonNode? expected, double? actual)
    {
        if (expected is null) Assert.Null(actual);
        // The reference reports what is beyond exp(709.7) as infinite.
        else if (expected.GetValueKind() == System.Text.Json.JsonValueKind.String) Assert.True(actual > Math.Exp(709.69));
        else Assert.Equal((double)expected, actual!.Value, 1e-12 * Math.Max(1, (double)expected));
    }
}
