using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>
/// Keeps the best tokens whose shares of the entropy add up to at most a part of the whole ("Top-H Decoding", 2025): the surer the model, the fewer. Only the 100 best
/// tokens are looked at, and the entropy is theirs; the best one always stays.
/// </summary>
/// <param name="h">Greater than 0, at most 1.</param>
public sealed class TopH(double h) : ILogitsProcessor
{
    private const int Considered = 100;
    private readonly double _h = Require.Within(h, double.Epsilon, 1);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        int[] best = Best(scores);
        float[] bestScores = new float[best.Length];
        for (int i = 0; i < best.Length; i++) bestScores[i] = scores[best[i]];
        double[] probabilities = Softmax.Of(bestScores);
        double limit = Cut.Entropy(probabilities) * _h, cumulative = 0;
        scores.Fill(float.NegativeInfinity);
        for (int i = 0; i < best.Length && probabilities[i] > 0; i++)
        {
            cumulative -= probabilities[i] * Math.Log(probabilities[i]);
            if (i > 0 && cumulative > limit) break;
            scores[best[i]] = bestScores[i];
        }
    }

    /// <summary>The best tokens, the best one first.</summary>
    private static int[] Best(ReadOnlySpan<float> scores)
    {
        float threshold = Cut.Threshold(scores, Considered);
        List<int> best = [];
        List<float> descending = [];
        for (int token = 0; token < scores.Length; token++)
        {
            if (scores[token] < threshold) continue;
            best.Add(token);
            descending.Add(-scores[token]);
        }
        int[] ids = [.. best];
        Array.Sort(descending.ToArray(), ids);
        return ids[..Math.Min(Considered, ids.Length)];
    }
}
