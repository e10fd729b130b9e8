using Golden.Library;
using Microsoft.ML.LlmFineTune.Generation.Sampling;

namespace Golden.Generation;

/// <summary>generation/speculative.json: which drafted tokens stay, and what the next one is drawn from.</summary>
internal sealed class SpeculationReader : CaseReader
{
    public override bool Reads(string file) => file == "speculative.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        int[] drafted = c["draft_tokens"].ToInts();
        double[] uniform = c["uniform"].ToDoubles();
        double[][] draft = [.. c["draft_logits"].EnumerateArray().Select(row => Softmax.Of(row.ToFloats()))], model = [.. c["target_logits"].EnumerateArray().Select(row => Softmax.Of(row.ToFloats()))];
        tally.Numbers("ratios", c["ratios"].ToDoubles(), [.. drafted.Select((token, i) => model[i][token] / draft[i][token])], 1e-5);
        int accepted = 0;
        while (accepted < drafted.Length && SpeculativeAcceptance.Stays(model[accepted], draft[accepted], drafted[accepted], uniform[accepted])) accepted++;
        tally.Equal("accepted tokens", c["accepted"].GetInt32(), accepted);
        var next = accepted < drafted.Length ? SpeculativeAcceptance.Rest(model[accepted], draft[accepted]) : model[accepted];
        tally.Numbers("distribution of the next token", c["next_distribution"].ToDoubles(), next, 2e-6);
        tally.Sequence("emitted tokens", c["emitted_tokens_with_argmax"].ToInts(), [.. drafted[..accepted], Array.IndexOf(next, next.Max())]);
    }
}
