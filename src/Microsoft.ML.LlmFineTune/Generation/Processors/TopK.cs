using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Keeps the k best tokens, and those that tie with the last of them (Fan, Lewis, Dauphin, 2018).</summary>
/// <param name="k">How many; at least 1.</param>
/// <param name="kept">Tokens that stay at least; default 1.</param>
public sealed class TopK(int k, int kept = 1) : ILogitsProcessor
{
    private readonly int _k = Math.Max(Require.AtLeast(k, 1), Require.AtLeast(kept, 1));

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        if (_k >= scores.Length) return;
        float threshold = Cut.Threshold(scores, _k);
        foreach (ref float score in scores)
        {
            if (score < threshold) score = float.NegativeInfinity;
        }
    }
}
