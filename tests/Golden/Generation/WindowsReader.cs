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
    }
}
