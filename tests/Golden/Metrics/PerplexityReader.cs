using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/perplexity.json: perplexities and bits by token, word, character and byte; logits; windows over a long text.</summary>
internal sealed class PerplexityReader : CaseReader
{
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
                accumulator.AddText(inputs.GetProperty("words").GetInt64(), inputs.GetProperty("bytes").GetInt64(), inputs.GetProperty("chars").GetInt64());
                Compare(tally, expected, accumulator.Compute());
                break;
            case "text":
                accumulator.Add(inputs.GetProperty("nll_sum_nats").ToDouble(), inputs.GetProperty("tokens").GetInt64());
                accumulator.AddText(inputs.GetProperty("text").GetString()!);
                Compare(tally, expected, accumulator.Compute(), inputs.GetProperty("text").GetString()!);
                break;
            case "batches":
                List<double> means = [];
                foreach (var batch in inputs.GetProperty("batches").EnumerateArray())
                {
                    var kept = batch.GetProperty("token_nll").ToDoubles().Zip(batch.GetProperty("mask").ToInts()).Where(token => token.Second == 1).Select(token => token.First).ToList();
                    var own = new PerplexityAccumulator();
                    own.Add(kept.Sum(), kept.Count);
                    if (own.Compute().Loss is { } mean) means.Add(mean);
                    accumulator.Merge(own);
                }
                Compare(tally, expected, accumulator.Compute(), batchMeans: means);
                break;
            case "logits":
                Compare(tally, expected, inputs);
                break;
            case "sliding_window":
                var windows = SlidingWindow.Over(inputs.GetProperty("tokens").GetInt32(), c["options"].GetProperty("window").GetInt32(), c["options"].GetProperty("stride").GetInt32());
                tally.Sequence("windows", expected.GetProperty("windows_begin_end_scored").EnumerateArray().Select(window => (window[0].GetInt32(), window[1].GetInt32(), window[2].GetInt32())), windows.Select(window => (window.Begin, window.End, window.NewTokens)));
                tally.Equal("new tokens", expected.GetProperty("scored_total_before_shift").GetInt32(), windows.Sum(window => window.NewTokens));
                // Here a window's first token counts as predicted, but for the text's very first; LongTextPerplexity predicts it only where something stands before it in the window.
                tally.Equal("targets", expected.GetProperty("targets_after_shift").GetInt32(), windows.Sum(window => window.Begin == 0 ? window.Predicted : window.NewTokens));
                break;
            case var kind:
                throw new UnsupportedException($"there are no figures of {kind}");
        }
    }

    private static void Compare(Tally tally, JsonElement expected, PerplexityMetrics actual, string? text = null, IReadOnlyList<double>? batchMeans = null)
    {
        foreach (var figure in expected.EnumerateObject())
        {
            switch (figure.Name)
            {
                case "tokens": tally.Equal(figure.Name, figure.Value.GetInt64(), actual.Tokens); break;
                case "words": tally.Equal(figure.Name, figure.Value.GetInt64(), actual.Words); break;
                case "chars": tally.Equal(figure.Name, figure.Value.GetInt64(), actual.Characters); break;
                case "bytes": tally.Equal(figure.Name, figure.Value.GetInt64(), actual.Bytes); break;
                // Beside the others, to show what is not a character.
                case "utf16_units": tally.Equal(figure.Name, figure.Value.GetInt32(), text!.Length); break;
                case "nll_sum": Optional(actual.NegativeLogLikelihood); break;
                case "nll_per_token" or "mean": Optional(actual.Loss); break;
                case "token_perplexity" or "perplexity": Optional(actual.Perplexity); break;
                case "word_perplexity": Optional(actual.WordPerplexity); break;
                case "char_perplexity": Optional(actual.CharacterPerplexity); break;
                case "byte_perplexity": Optional(actual.BytePerplexity); break;
                case "bits_per_token": Optional(actual.BitsPerToken); break;
                case "bits_per_char": Optional(actual.BitsPerCharacter); break;
                case "bits_per_byte": Optional(actual.BitsPerByte); break;
                case "perplexity_of_mean_of_batch_means_WRONG": Optional(Math.Exp(batchMeans!.Average())); break;
                default: throw new UnsupportedException($"there is no {figure.Name}");
            }

            void Optional(double? own)
            {
                if (!figure.Value.IsGiven() || own is null) tally.Equal(figure.Name + " is defined", figure.Value.IsGiven(), own is not null);
                else tally.Number(figure.Name, figure.Value.ToDouble(), own >= s_largestReported ? double.PositiveInfinity : own.Value, Expectation.Tolerance);
            }
        }
    }

    private static void Compare(Tally tally, JsonElement expected, JsonElement inputs)
    {
        foreach (var form in expected.EnumerateObject())
        {
            var shift = form.Name switch { "shifted" => true, "not_shifted" => false, _ => throw new UnsupportedException($"there is no {form.Name}") };
            var accumulator = new PerplexityAccumulator();
            List<double> each = [];
            foreach (var (logits, labels) in inputs.GetProperty("logits").EnumerateArray().Zip(inputs.GetProperty("labels").EnumerateArray()))
            {
                var rows = logits.ToRows();
                each.AddRange(accumulator.AddLogits([.. rows.SelectMany(row => row)], rows[0].Length, labels.ToInts(), shift));
            }
            tally.Numbers(form.Name + " each", form.Value.GetProperty("nll_each").ToDoubles(), each, Expectation.Tolerance);
            using var rest = JsonDocument.Parse(JsonSerializer.Serialize(form.Value.EnumerateObject().Where(figure => figure.Name != "nll_each").ToDictionary(figure => figure.Name, figure => figure.Value)));
            Compare(tally, rest.RootElement, accumulator.Compute());
        }
    }
}
