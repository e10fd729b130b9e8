using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>Proposes what a smaller model would write, by the same options.</summary>
internal sealed class ModelDraft : IDraft
{
    private readonly DecodingPlan _plan;
    private readonly IGenerativeModel _model;
    private readonly TokenChooser _chooser;
    private DecodingBatch? _batch;
    private int _contextStart;
    private int _tokens;

    /// <param name="plan">The plan of the text.</param>
    /// <param name="model">The smaller model.</param>
    /// <param name="chooser">What chooses the text's tokens.</param>
    public ModelDraft(DecodingPlan plan, IGenerativeModel model, TokenChooser chooser)
    {
        (_plan, _model, _tokens) = (plan, model, plan.Options.AssistantTokens);
        _chooser = new TokenChooser(plan.Options, new RandomStream(RandomStream.Derive(chooser.Random.Key, ulong.MaxValue)));
    }

    public (IReadOnlyList<int> Tokens, IReadOnlyList<double[]>? Probabilities) Propose(DecodingRow row, int room)
    {
        _batch ??= _plan.Open(_model, [row.Prompt], _plan.Options.AssistantTokens);
        if (row.ContextStart != _contextStart) _batch.Clear();
        _contextStart = row.ContextStart;
        // What was proposed and did not stay is forgotten; the last token has never been read.
        _batch.CutBack(row.Context.Length - 1);

        DecodingRow draft = row.Fork();
        List<int> tokens = [];
        List<double[]> probabilities = [];
        int most = Math.Min(Math.Min(_tokens, room), _model.Positions - row.Context.Length);
        while (tokens.Count < most)
        {
            Span<float> scores = _batch.Read([draft], draft.Context.Length - _batch.Length).Of(0, _plan.Vocabulary);
            _plan.Pipeline.Process(draft.History, scores);
            int token = _chooser.Choose(scores);
            double[] distribution = Softmax.Of(scores);
            tokens.Add(token);
            probabilities.Add(distribution);
            draft.Add(token);
            if (_plan.EndTokens.Contains(token) || distribution[token] < _plan.Options.AssistantConfidence) break;
        }
        return (tokens, _plan.Options.Samples ? probabilities : null);
    }

    public void Learn(int proposed, int stayed)
    {
        if (_plan.Options.AssistantSchedule == AssistantSchedule.Heuristic) _tokens = stayed == proposed ? _tokens + 2 : Math.Max(1, _tokens - 1);
    }

    public void Dispose() => _batch?.Dispose();
}
