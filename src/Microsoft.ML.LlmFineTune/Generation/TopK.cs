using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Keeps the k best tokens, and those that tie with the last of them (Fan, Lewis, Dauphin, 2018).</summary>
/// <param name="k">How many; at least 1.</param>
public sealed class TopK(int k) : ILogitsProcessor
{
    private readonly int _k = Require.AtLeast(k, 1);

    /// <inheritdoc/>
    public void Process(ReadOnlySpan<int> tokens, int promptLength, Span<float> scores)
    {
        if (_k >= scores.Length) return;
        PriorityQueue<float, float> best = new(_k);   // the smallest of the best comes out first
        foreach (float score in scores)
        {
            if (best.Count < _k) best.Enqueue(score, score);
            else if (score > best.Peek()) best.EnqueueDequeue(score, score);
        }
        float threshold = best.Peek();
        foreach (ref float score in scores)
        {
            if (score < threshold) score = float.NegativeInfinity;
        }
    }
}
