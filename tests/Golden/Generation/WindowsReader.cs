using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Golden.Generation;

/// <summary>generation/perplexity.json: the windows over a long text, and what a small model's predictions in them sum up to.</summary>
internal sealed class WindowsReader : CaseReader
{
    public override bool Reads(string file) => file == "perplexity.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (!c["max_length"].IsGiven() || !c["stride"].IsGiven()) throw new UnsupportedException("only windows over a text are known");
        NativeRuntime.Initialize();
        var tokens = c.Root.GetProperty("ids").ToInts();
        var (length, stride) = (c["max_length"].GetInt32(), c["stride"].GetInt32());
        tally.Sequence("windows",
            c["windows"].EnumerateArray().Select(window => (window.GetProperty("begin").GetInt32(), window.GetProperty("end").GetInt32(), window.GetProperty("new_tokens").GetInt32(), window.GetProperty("counted").GetInt32())),
            SlidingWindow.Over(tokens.Length, length, stride).Select(window => (window.Begin, window.End, window.NewTokens, window.Predicted)));
        using var model = HuggingFaceFolder.LoadDecoder(Path.Combine(c.Folder, c.Root.GetProperty("checkpoint").GetString()!.Split(' ')[0]));
        var sums = LongTextPerplexity.Evaluate(model, tokens, length, stride);
        tally.Equal("predictions", c["counted"].GetInt64(), sums.Tokens);
        tally.Number("negative log-likelihood", c["nll_sum"].GetDouble(), sums.NegativeLogLikelihood, 1e-6);
        tally.Number("perplexity", c["perplexity"].GetDouble(), sums.Compute().Perplexity!.Value, 1e-6);
        // The first entry's sum is also divided by words and bytes.
        if (c.Root.TryGetProperty("normalised", out var normalised) && c.Name == "windows[0]") VerifyNormalised(normalised, tally, sums);
    }

    private static void VerifyNormalised(System.Text.Json.JsonElement normalised, Tally tally, PerplexityAccumulator sums)
    {
        var assumed = normalised.GetProperty("assume");
        sums.AddText(assumed.GetProperty("words").GetInt64(), assumed.GetProperty("bytes").GetInt64());
        var metrics = sums.Compute();
        tally.Number("word perplexity", normalised.GetProperty("word_perplexity").GetDouble(), metrics.WordPerplexity!.Value, 1e-6);
        tally.Number("byte perplexity", normalised.GetProperty("byte_perplexity").GetDouble(), metrics.BytePerplexity!.Value, 1e-6);
        tally.Number("bits per byte", normalised.GetProperty("bits_per_byte").GetDouble(), metrics.BitsPerByte!.Value, 1e-6);
    }
}
