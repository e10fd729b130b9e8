using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Keeps the smallest set of best tokens whose probabilities reach p: the token that crosses p stays (Holtzman et al., 2020).</summary>
/// <param name="p">From 0 (the best token alone) to 1 (all).</param>
/// <param name="kept">Tokens that stay at least; default 1.</param>
public sealed class TopP(double p, int kept = 1) : ILogitsProcessor
{
    private readonly int _kept = Require.AtLeast(kept, 1);
    private readonly double _p = Require.Within(p, 0.0, 1.0);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        // Only what earlier steps left is sorted: after a top-k cut that is little.
        List<int> kept = [];
        for (int token = 0; token < scores.Length; token++)
        {
            if (!float.IsNegativeInfinity(scores[token])) kept.Add(token);
        }
        float[] ascending = new float[kept.Count];
        for (int i = 0; i < ascending.Length; i++) ascending[i] = scores[kept[i]];
        int[] ids = [.. kept];
        Array.Sort(ascending, ids);

        double[] probabilities = Softmax.Of(ascending);
        double cumulative = 0;
        for (int i = 0; i < ids.Length - _kept; i++)
        {
            cumulative += probabilities[i];
            if (cumulative > 1 - _p) break;
            scores[ids[i]] = float.NegativeInfinity;
        }
    }
}
