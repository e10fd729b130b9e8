namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>One token a step for every row, the best or a drawn one. A row that has ended leaves the batch.</summary>
internal sealed class TokenByToken : DecodingStrategy
{
    private readonly DecodingBatch _batch;
    private readonly DecodingRow[] _rows;
    private readonly TokenChooser[] _choosers;
    private DecodingRow[] _growing;
    private bool _begun;

    public TokenByToken(DecodingPlan plan) : base(plan)
    {
        int copies = plan.Options.ReturnSequences;
        _rows = _growing = [.. plan.Prompts.SelectMany(prompt => Enumerable.Range(0, copies).Select(copy => new DecodingRow(prompt, (prompt.Index * copies) + copy)))];
        _choosers = [.. _rows.Select(row => new TokenChooser(plan.Options, plan.RandomOf(row.Prompt, row.Index % copies)))];
        _batch = plan.Open(plan.Prompts);
    }

    public override IReadOnlyList<DecodingRow> Rows => _rows;

    public override bool IsRunning => _growing.Any(row => row.Reason is null);

    public override void Step()
    {
        DropEndedRows();
        bool isFirst = !_begun;
        Readout readout = isFirst ? ReadPrompts() : _batch.Read(_growing);
        for (int i = 0; i < _growing.Length; i++)
        {
            DecodingRow row = _growing[i];
            // Texts of one prompt share its scores at first.
            Span<float> scores = isFirst ? readout.Of(row.Prompt.Index, Plan.Vocabulary).ToArray() : readout.Of(i, Plan.Vocabulary);
            Plan.Pipeline.Process(row.History, scores);
            row.Add(_choosers[row.Index].Choose(scores));
            Plan.FinishIfComplete(row);
        }
    }

    public override void Dispose() => _batch.Dispose();

    /// <summary>Reads every prompt once, whatever number of texts it gets.</summary>
    private Readout ReadPrompts()
    {
        _begun = true;
        Readout readout = _batch.Read([.. Plan.Prompts.Select(prompt => _rows[prompt.Index * Plan.Options.ReturnSequences])]);
        _batch.Keep([.. _rows.Select(row => row.Prompt.Index)]);
        return readout;
    }

    private void DropEndedRows()
    {
        int[] kept = [.. Enumerable.Range(0, _growing.Length).Where(i => _growing[i].Reason is null)];
        if (kept.Length == _growing.Length) return;
        _batch.Keep(kept);
        _growing = [.. kept.Select(i => _growing[i])];
    }
}
