using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Generation;

/// <summary>generation/sampling.json and stop_strings.json: the token drawn for a given number, and when a text has ended.</summary>
internal sealed class SamplingReader : CaseReader
{
    public override bool Reads(string file) => file is "sampling.json" or "stop_strings.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "stop_strings.json") VerifyStops(c, tally);
        else VerifyDraws(c, tally);
    }

    private static void VerifyDraws(FixtureCase c, Tally tally)
    {
        var scores = c["scores"].ToFloats();
        tally.Equal("argmax", c["argmax"].GetInt32(), GreedySampler.Choose(scores));
        foreach (var draw in c["inverse_cdf"].GetProperty("cases").EnumerateArray()) tally.Equal("token of a draw", draw.GetProperty("token").GetInt32(), RandomSampler.Choose(scores, draw.GetProperty("uniform").GetDouble()));
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
