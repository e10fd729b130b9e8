using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>
/// Follows the best texts of every prompt, ranked by their sums of log-probabilities, by Hugging Face's rules: a step looks at the best max(2, 1 + end tokens) * beams candidates of a
/// prompt (or draws them without replacement); those of the first so many as there are beams that end are complete, and score sum / (new tokens) ^ length penalty; the best
/// others go on. A prompt is done when as many texts are complete as there are beams and <see cref="BeamStopping"/> says so, or when all candidates end.
/// </summary>
internal sealed class BeamSearch : DecodingStrategy
{
    // What stands for "none", as in the reference: sums of log-probabilities do not come near it.
    private const float Nothing = -1e9f;

    private readonly DecodingBatch _batch;
    private readonly Group[] _groups;
    private readonly int _beams;
    private readonly int _candidates;

    public BeamSearch(DecodingPlan plan) : base(plan)
    {
        _beams = plan.Options.Beams;
        _candidates = (int)Math.Min((long)Math.Max(2, 1 + plan.EndTokens.Length) * _beams, (long)_beams * plan.Vocabulary);
        _groups = [.. plan.Prompts.Select(prompt => new Group(prompt, _beams, plan.RandomOf(prompt, 0)))];
        _batch = plan.Open(plan.Prompts);
    }

    public override bool IsRunning => _groups.Any(group => !group.IsDone);

    public override IReadOnlyList<DecodingRow> Rows => IsRunning ? [] : [.. _groups.SelectMany(group => group.Complete.Take(Plan.Options.ReturnSequences).Select(complete => complete.Row))];

    public override void Step()
    {
        Group[] running = [.. _groups.Where(group => !group.IsDone)];
        // All beams of a prompt are alike at first: it is read once.
        Readout readout = _batch.Read([.. running.SelectMany(group => group.HasBegun ? group.Rows : group.Rows.Take(1))]);
        List<int> kept = [];
        int place = 0;
        foreach (Group group in running)
        {
            int[] places = [.. Enumerable.Range(0, _beams).Select(beam => group.HasBegun ? place + beam : place)];
            float[] sums = Sums(group, readout, places);
            int[] parents = Advance(group, sums);
            if (!group.IsDone) kept.AddRange(parents.Select(parent => places[parent]));
            place += group.HasBegun ? _beams : 1;
            group.HasBegun = true;
        }
        if (kept.Count > 0) _batch.Keep(kept);
    }

    public override void Dispose() => _batch.Dispose();

    /// <summary>[beams * vocabulary]: a beam's sum and the log-probability of each next token.</summary>
    private float[] Sums(Group group, Readout readout, int[] places)
    {
        float[] sums = new float[_beams * Plan.Vocabulary];
        for (int beam = 0; beam < _beams; beam++)
        {
            Span<float> scores = sums.AsSpan(beam * Plan.Vocabulary, Plan.Vocabulary);
            readout.Of(places[beam], Plan.Vocabulary).CopyTo(scores);
            Softmax.Logarithms(scores);
            Plan.Pipeline.Process(group.Rows[beam].History, scores);
            foreach (ref float score in scores) score += group.Sums[beam];
        }
        return sums;
    }

    /// <summary>Takes the step of one prompt, and gives the beams that its next beams continue.</summary>
    private int[] Advance(Group group, float[] sums)
    {
        int[] chosen = Plan.Options.Samples ? GumbelSampler.Choose(sums, GumbelSampler.Noise(group.Random, sums.Length), _candidates) : Ranking.Best<float>(sums, _candidates);
        DecodingRow[] candidates = new DecodingRow[chosen.Length];
        float[] continuing = new float[chosen.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            candidates[i] = group.Rows[chosen[i] / Plan.Vocabulary].Fork();
            candidates[i].Add(chosen[i] % Plan.Vocabulary);
            Plan.FinishIfComplete(candidates[i]);
            continuing[i] = candidates[i].Reason is null ? sums[chosen[i]] : sums[chosen[i]] + Nothing;
        }

        bool allEnd = candidates.All(candidate => candidate.Reason is not null);
        if (group.CanImprove) Complete(group, candidates, [.. chosen.Select(place => sums[place])], allEnd);
        int[] next = Ranking.Best<float>(continuing, _beams);
        group.Rows = [.. next.Select(i => candidates[i])];
        group.Sums = [.. next.Select(i => continuing[i])];
        Judge(group, allEnd);
        return [.. next.Select(i => chosen[i] / Plan.Vocabulary)];
    }

    /// <summary>Takes up candidates that ended, where they are better than what is complete.</summary>
    private void Complete(Group group, DecodingRow[] candidates, float[] sums, bool allEnd)
    {
        for (int i = 0; i < Math.Min(_beams, candidates.Length); i++)
        {
            // A barred text is complete only where there is nothing else.
            if (candidates[i].Reason is null || (float.IsNegativeInfinity(sums[i]) && !allEnd)) continue;
            float score = sums[i] / (float)Math.Pow(candidates[i].NewTokens.Length, Plan.Options.LengthPenalty);
            candidates[i].Score = score;
            int place = group.Complete.FindIndex(complete => complete.Score < score);
            group.Complete.Insert(place < 0 ? group.Complete.Count : place, (candidates[i], score));
        }
        if (group.Complete.Count > _beams) group.Complete.RemoveRange(_beams, group.Complete.Count - _beams);
    }

    private void Judge(Group group, bool allEnd)
    {
        bool isFull = group.Complete.Count == _beams;
        if (isFull)
        {
            DecodingRow best = group.Rows[0];
            double length = Plan.Options is { EarlyStopping: BeamStopping.Never, LengthPenalty: > 0 } ? best.Prompt.Limit : best.NewTokens.Length;
            float bestPossible = group.Sums[0] / (float)Math.Pow(length, Plan.Options.LengthPenalty);
            group.CanImprove &= bestPossible > group.Complete[^1].Score;
        }
        group.IsDone = allEnd || !group.CanImprove || (isFull && Plan.Options.EarlyStopping == BeamStopping.Immediate);
    }

    /// <summary>The beams of one prompt.</summary>
    private sealed class Group
    {
        public Group(DecodingPrompt prompt, int beams, RandomStream random)
        {
            Rows = [.. Enumerable.Range(0, beams).Select(_ => new DecodingRow(prompt, prompt.Index))];
            // Only the first beam counts at first, lest all become the same.
            Sums = [.. Enumerable.Range(0, beams).Select(beam => beam == 0 ? 0 : Nothing)];
            Random = random;
        }

        public DecodingRow[] Rows { get; set; }

        public float[] Sums { get; set; }

        /// <summary>Where draws come from.</summary>
        public RandomStream Random { get; }

        /// <summary>Complete texts, the best first; as many as beams at most.</summary>
        public List<(DecodingRow Row, float Score)> Complete { get; } = [];

        public bool HasBegun { get; set; }

        public bool CanImprove { get; set; } = true;

        public bool IsDone { get; set; }
    }
}
