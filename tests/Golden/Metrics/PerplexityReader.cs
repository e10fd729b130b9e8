using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/perplexity.json: perplexities by token, word and byte; bits by byte.</summary>
internal sealed class PerplexityReader : CaseReader
{
    private const double Tolerance = 1e-9;

    // The fixtures report greater ones as infinite.
    private static readonly double s_largestReported = Math.Exp(709.7);

    public override bool Reads(string file) => file == "perplexity.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var (inputs, expected) = (c["inputs"], c["expected"]);
        var accumulator = new PerplexityAccumulator();
        switch (c["kind"].GetString())
        {
            case "sums":
                accumulator.Add(inputs.GetProperty("nll_sum_nats").ToDouble(), inputs.GetProperty("tokens").GetInt64());
                accumulator.AddText(inputs.GetProperty("words").GetInt64(), inputs.GetProperty("bytes").GetInt64());
                Compare(tally, expected, accumulator);
                break;
            case "text":
                accumulator.Add(inputs.GetProperty("nll_sum_nats").ToDouble(), inputs.GetProperty("tokens").GetInt64());
                accumulator.AddText(inputs.GetProperty("text").GetString()!);
                tally.Equal("words", expected.GetProperty("words").GetInt64(), accumulator.Words);
                tally.Equal("bytes", expected.GetProperty("bytes").GetInt64(), accumulator.Bytes);
                Compare(tally, expected, accumulator);
                break;
            case "batches":
                foreach (var batch in inputs.GetProperty("batches").EnumerateArray())
                {
                    var kept = batch.GetProperty("token_nll").ToDoubles().Zip(batch.GetProperty("mask").ToInts()).Where(token => token.Second == 1).Select(token => token.First).ToList();
                    accumulator.Add(kept.Sum(), kept.Count);
                }
                tally.Equal("tokens", expected.GetProperty("tokens").GetInt64(), accumulator.Tokens);
                Optional(tally, "perplexity", expected.GetProperty("perplexity"), accumulator.Perplexity);
                break;
            default:
                throw new UnsupportedException($"the accumulator is given sums: nothing of kind {c["kind"].GetString()}");
        }
    }

    private static void Compare(Tally tally, JsonElement expected, PerplexityAccumulator actual)
    {
        Optional(tally, "nll_per_token", expected.GetProperty("nll_per_token"), actual.Loss);
        Optional(tally, "token_perplexity", expected.GetProperty("token_perplexity"), actual.Perplexity);
        Optional(tally, "word_perplexity", expected.GetProperty("word_perplexity"), actual.WordPerplexity);
        Optional(tally, "byte_perplexity", expected.GetProperty("byte_perplexity"), actual.BytePerplexity);
        Optional(tally, "bits_per_byte", expected.GetProperty("bits_per_byte"), actual.BitsPerByte);
    }

    private static void Optional(Tally tally, string what, JsonElement expected, double? actual)
    {
        if (expected.ValueKind == JsonValueKind.Null || actual is null) tally.Equal(what + " is defined", expected.ValueKind != JsonValueKind.Null, actual is not null);
        else tally.Number(what, expected.ToDouble(), actual >= s_largestReported ? double.PositiveInfinity : actual.Value, Tolerance);
    }
}
