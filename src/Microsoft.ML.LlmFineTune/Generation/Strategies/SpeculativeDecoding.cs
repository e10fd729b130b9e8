using Microsoft.ML.LlmFineTune.Generation.Sampling;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>
/// Lets a draft propose several tokens, which the model reads at once: those that it would have chosen itself stay, then it adds one of its own. The best tokens are the same as without a
/// draft; drawn ones have the same distribution (<see cref="SpeculativeAcceptance"/>). Texts are written one after the other, since drafts differ in length.
/// </summary>
internal sealed class SpeculativeDecoding : DecodingStrategy
{
    private readonly Func<TokenChooser, IDraft> _createDraft;
    private readonly DecodingRow[] _rows;
    private int _current = -1;
    private TokenChooser? _chooser;
    private DecodingBatch? _batch;
    private IDraft? _draft;

    /// <param name="plan">What it works with.</param>
    /// <param name="createDraft">Makes what proposes a text's tokens.</param>
    public SpeculativeDecoding(DecodingPlan plan, Func<TokenChooser, IDraft> createDraft) : base(plan)
    {
        int copies = plan.Options.ReturnSequences;
        _createDraft = createDraft;
        _rows = [.. plan.Prompts.SelectMany(prompt => Enumerable.Range(0, copies).Select(copy => new DecodingRow(prompt, (prompt.Index * copies) + copy)))];
    }

    public override IReadOnlyList<DecodingRow> Rows => _rows;

    public override bool IsRunning => _rows[^1].Reason is null;

    public override void Step()
    {
        if (_current < 0 || _rows[_current].Reason is not null) Begin(_current + 1);
        DecodingRow row = _rows[_current];
        _batch!.Fit([row]);
        int room = Math.Min(row.Prompt.Limit - row.NewTokens.Length - 1, Plan.Model.Positions - row.Context.Length);
        (IReadOnlyList<int> proposed, IReadOnlyList<double[]>? probabilities) = room > 0 ? _draft!.Propose(row, room) : ([], null);

        DecodingRow whole = row.Fork();
        foreach (int token in proposed) whole.Add(token);
        Readout readout = _batch.Read([whole], whole.Context.Length - _batch.Length, proposed.Count + 1);
        int stayed = 0;
        for (bool goesOn = true; goesOn && row.Reason is null;)
        {
            Span<float> scores = readout.Of(stayed, Plan.Vocabulary);
            Plan.Pipeline.Process(row.History, scores);
            int? guess = stayed < proposed.Count ? proposed[stayed] : null;
            int token = guess is int drafted && probabilities is not null ? Accept(scores, probabilities[stayed], drafted) : _chooser!.Choose(scores);
            goesOn = token == guess;
            if (goesOn) stayed++;
            row.Add(token);
            Plan.FinishIfComplete(row);
        }
        if (proposed.Count > 0) _draft!.Learn(proposed.Count, stayed);
        _batch.CutBack(row.Context.Length - 1);
    }

    public override void Dispose()
    {
        _batch?.Dispose();
        _draft?.Dispose();
    }

    private void Begin(int index)
    {
        Dispose();
        _current = index;
        DecodingRow row = _rows[index];
        _chooser = new TokenChooser(Plan.Options, Plan.RandomOf(row.Prompt, index % Plan.Options.ReturnSequences));
        _batch = Plan.Open([row.Prompt], Math.Max(Plan.Options.AssistantTokens, Plan.Options.PromptLookupTokens));
        if (!_batch.CanCutBack) throw new NotSupportedException($"A {Plan.Model.Model.Config.Family} cannot take back what it has read, so nothing can be proposed to it. Generate without a draft.");
        _draft = _createDraft(_chooser);
    }

    /// <summary>The drafted token, or the one that takes its place.</summary>
    private int Accept(ReadOnlySpan<float> scores, double[] drafted, int token)
    {
        double[] own = Softmax.Of(scores);
        if (SpeculativeAcceptance.Stays(own, drafted, token, _chooser!.Random.NextDouble())) return token;
        return RandomSampler.Draw(SpeculativeAcceptance.Rest(own, drafted), _chooser.Random.NextDouble());
    }
}
