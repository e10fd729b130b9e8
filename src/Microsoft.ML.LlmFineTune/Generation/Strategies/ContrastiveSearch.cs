using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Generation.Sampling;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>
/// Of the k most likely tokens takes the one with the best (1 - alpha) * probability - alpha * likeness, where likeness is the largest cosine between its hidden state and those of the text
/// so far (Su et al.: "A Contrastive Framework for Neural Text Generation", 2022). The model reads all k candidates of every row at each step.
/// </summary>
internal sealed class ContrastiveSearch : DecodingStrategy
{
    private readonly DecodingBatch _batch;
    private readonly DecodingRow[] _rows;
    private readonly float _alpha;
    private readonly int _k;
    private Text[] _growing = [];
    private bool _begun;

    public ContrastiveSearch(DecodingPlan plan) : base(plan)
    {
        _alpha = (float)plan.Options.ContrastivePenalty;
        _k = Math.Min(plan.Options.TopK, plan.Vocabulary);
        _rows = [.. plan.Prompts.Select(prompt => new DecodingRow(prompt, prompt.Index))];
        // Unlike elsewhere the last token is read: its hidden state is weighed.
        _batch = plan.Open(plan.Prompts, extra: 1);
    }

    public override IReadOnlyList<DecodingRow> Rows => _rows;

    public override bool IsRunning => _rows.Any(row => row.Reason is null);

    public override void Step()
    {
        if (!_begun) ReadPrompts();
        List<(Text Text, DecodingRow Row, double Probability)> candidates = [];
        foreach (Text text in _growing)
        {
            DecodingRow row = _rows[text.Index];
            Plan.Pipeline.Process(row.History, text.Scores);
            double[] probabilities = Softmax.Of(text.Scores);
            foreach (int token in Ranking.Best<double>(probabilities, _k))
            {
                DecodingRow candidate = row.Fork();
                candidate.Add(token);
                candidates.Add((text, candidate, probabilities[token]));
            }
        }
        _batch.Keep([.. Enumerable.Range(0, candidates.Count).Select(i => i / _k)]);
        Readout readout = _batch.Read([.. candidates.Select(candidate => candidate.Row)], withHidden: true);

        List<int> kept = [];
        List<Text> growing = [];
        for (int first = 0; first < candidates.Count; first += _k)
        {
            Text text = candidates[first].Text;
            int best = Enumerable.Range(first, _k).MaxBy(i => ((1 - _alpha) * candidates[i].Probability) - (_alpha * text.LargestCosine(States(readout, i)[^1])));
            DecodingRow row = _rows[text.Index] = candidates[best].Row;
            Plan.FinishIfComplete(row);
            if (row.Reason is not null) continue;
            text.Continue(States(readout, best), row.Context.Length, readout.Of(best, Plan.Vocabulary).ToArray());
            kept.Add(best);
            growing.Add(text);
        }
        if (kept.Count > 0) _batch.Keep(kept);
        _growing = [.. growing];
    }

    public override void Dispose() => _batch.Dispose();

    private void ReadPrompts()
    {
        _begun = true;
        Readout readout = _batch.Read(_rows, withHidden: true);
        _growing = [.. _rows.Select((row, i) =>
        {
            Text text = new(i);
            text.Continue(States(readout, i), row.Context.Length, readout.Of(i, Plan.Vocabulary).ToArray());
            return text;
        })];
    }

    /// <summary>The hidden states of the columns that a row was read with, each of length 1.</summary>
    private static float[][] States(Readout readout, int row)
    {
        int width = readout.Hidden!.Length / (readout.Scores.Length / readout.Vocabulary) / readout.Columns;
        float[][] states = new float[readout.Columns][];
        for (int column = 0; column < states.Length; column++)
        {
            ReadOnlySpan<float> state = readout.Hidden.AsSpan(((row * readout.Columns) + column) * width, width);
            states[column] = new float[width];
            TensorPrimitives.Divide(state, TensorPrimitives.Norm(state), states[column]);
        }
        return states;
    }

    /// <summary>What is known of a text's tokens.</summary>
    private sealed class Text(int index)
    {
        private readonly List<float[]> _states = [];

        public int Index => index;

        /// <summary>[vocabulary], for the next token.</summary>
        public float[] Scores { get; private set; } = [];

        public float LargestCosine(float[] state) => _states.Max(earlier => TensorPrimitives.Dot<float>(earlier, state));

        /// <summary>Takes up what was read: the next token's state, or those of the whole context.</summary>
        public void Continue(float[][] states, int context, float[] scores)
        {
            if (states.Length >= context) _states.Clear();
            _states.AddRange(states[^Math.Min(states.Length, context)..]);
            Scores = scores;
        }
    }
}
