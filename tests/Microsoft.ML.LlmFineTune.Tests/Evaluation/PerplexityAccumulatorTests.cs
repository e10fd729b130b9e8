using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class PerplexityAccumulatorTests
{
    [Fact]
    public void NothingSeenIsNoNumber()
    {
        PerplexityAccumulator accumulator = new();
        Assert.Null(accumulator.Loss);
        Assert.Null(accumulator.Perplexity);
        Assert.Null(accumulator.WordPerplexity);
        Assert.Null(accumulator.BitsPerByte);
    }

    [Fact]
    public void SumsAreDividedOnce()
    {
        PerplexityAccumulator left = new(), right = new();
        left.Add(8 * Math.Log(4), 8);
        left.AddText("zwölf  Wörter\nsind es nicht");
        right.Add(2 * Math.Log(2), 2);
        left.Add(right);
        double nats = (8 * Math.Log(4)) + (2 * Math.Log(2));
        Assert.Equal(nats / 10, left.Loss!.Value, 12);
        Assert.Equal(Math.Exp(nats / 10), left.Perplexity!.Value, 12);
        Assert.Equal(5, left.Words);
        Assert.Equal(29, left.Bytes);
        Assert.Equal(Math.Exp(nats / 5), left.WordPerplexity!.Value, 9);
        Assert.Equal(18.0 / 29, left.BitsPerByte!.Value, 12);
    }

    [Fact]
    public void SumsOfTheReference()
    {
        foreach (JsonNode? @case in SharedFixtures.Json("golden/metrics/perplexity.json")["cases"]!.AsArray().Where(item => (string)item!["kind"]! == "sums"))
        {
            JsonNode inputs = @case!["inputs"]!, expected = @case["expected"]!;
            PerplexityAccumulator accumulator = new();
            accumulator.Add((double)inputs["nll_sum_nats"]!, (long)inputs["tokens"]!);
            accumulator.AddText((long)inputs["words"]!, (long)inputs["bytes"]!);
            AssertSame(expected["nll_per_token"], accumulator.Loss);
            AssertSame(expected["token_perplexity"], accumulator.Perplexity);
            AssertSame(expected["word_perplexity"], accumulator.WordPerplexity);
            AssertSame(expected["byte_perplexity"], accumulator.BytePerplexity);
            AssertSame(expected["bits_per_byte"], accumulator.BitsPerByte);
        }
    }

    private static void AssertSame(JsonNode? expected, double? actual)
    {
        if (expected is null) Assert.Null(actual);
        // The reference reports what is beyond exp(709.7) as infinite.
        else if (expected.GetValueKind() == System.Text.Json.JsonValueKind.String) Assert.True(actual > Math.Exp(709.69));
        else Assert.Equal((double)expected, actual!.Value, 1e-12 * Math.Max(1, (double)expected));
    }
}
