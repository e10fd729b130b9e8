using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Generation;

/// <summary>generation/sampling.json, mirostat.json and stop_strings.json: the token drawn for given numbers, and when a text has ended.</summary>
internal sealed class SamplingReader : CaseReader
{
    public override bool Reads(string file) => file is "sampling.json" or "mirostat.json" or "stop_strings.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        switch (c.File)
        {
            case "stop_strings.json": VerifyStops(c, tally); break;
            case "mirostat.json": VerifyMirostat(c, tally); break;
            default: VerifyDraws(c, tally); break;
        }
    }

    private static void VerifyDraws(FixtureCase c, Tally tally)
    {
        var scores = c["scores"].ToFloats();
        tally.Equal("argmax", c["argmax"].GetInt32(), GreedySampler.Choose(scores));
        foreach (var draw in c["inverse_cdf"].GetProperty("cases").EnumerateArray()) tally.Equal("token of a draw", draw.GetProperty("token").GetInt32(), RandomSampler.Choose(scores, draw.GetProperty("uniform").GetDouble()));
        var gumbel = c["gumbel"];
        foreach (var (noise, token) in gumbel.GetProperty("noise").EnumerateArray().Zip(gumbel.GetProperty("tokens").EnumerateArray()))
            tally.Equal("token of a draw with noise", token.GetInt32(), GumbelSampler.Choose(scores, noise.ToDoubles(), 1)[0]);
    }

    private static void VerifyMirostat(FixtureCase c, Tally tally)
    {
        var sampler = new MirostatSampler(c["version"].GetString() == "mirostat 1" ? 1 : 2, c["tau"].GetDouble(), c["eta"].GetDouble());
        tally.Number("limit at first", c["mu_start"].GetDouble(), sampler.LargestSurprise, 1e-6);
        foreach (var step in c["steps"].EnumerateArray())
        {
            var scores = step.GetProperty("scores").ToFloats();
            tally.Equal("tokens kept", step.GetProperty("kept").GetInt32(), sampler.UnsurprisingTokens([.. Softmax.Of(scores).OrderDescending()]));
            tally.Equal("token of a draw", step.GetProperty("token").GetInt32(), sampler.Choose(scores, step.GetProperty("uniform").GetDouble()));
            tally.Number("limit after the draw", step.GetProperty("mu_after").GetDouble(), sampler.LargestSurprise, 1e-6);
        }
    }

    private static void VerifyStops(FixtureCase c, Tally tally)
    {
        var tokenizer = TokenizerModel.Load(Path.Combine(c.Folder, c.Root.GetProperty("tokenizer").GetString()!));
        var stops = new StopStrings(c["stop_strings"].ToTexts());
        var ids = c["ids"].ToInts();
        var stopped = false;
        for (int i = 0; i < ids.Length; i++)
        {
            var (before, after) = (tokenizer.Decode(ids[..i]), tokenizer.Decode(ids[..(i + 1)]));
            var expected = c["flags"][i].GetBoolean();
            tally.Equal("stops after each token", expected, stops.EndsInLastToken(before, after));
            if (!expected || stopped) continue;
            stopped = true;
            if (c["text_before_stop_string"] is { ValueKind: JsonValueKind.String } cut) tally.Equal("text before the stop string", cut.GetString(), after[..stops.FirstIn(after)]);
        }
    }
}
