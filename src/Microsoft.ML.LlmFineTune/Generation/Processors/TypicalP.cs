using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>
/// Keeps the tokens whose surprise is closest to the expected one, until their probabilities reach a mass (Meister et al.: "Locally Typical Sampling", 2023).
/// The most likely token may be among those that go.
/// </summary>
/// <param name="mass">Greater than 0, less than 1.</param>
/// <param name="kept">Tokens that stay at least; default 1.</param>
public sealed class TypicalP(double mass, int kept = 1) : ILogitsProcessor
{
    private readonly double _mass = Require.Below(mass, double.Epsilon, 1);
    private readonly int _kept = Require.AtLeast(kept, 1);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        double[] probabilities = Softmax.Of(scores);
        double entropy = Cut.Entropy(probabilities);
        double[] distances = [.. probabilities.Select(probability => Math.Abs(-Math.Log(probability) - entropy))];
        int[] ids = [.. Enumerable.Range(0, scores.Length)];
        Array.Sort(distances, ids);

        double cumulative = 0;
        int last = 0;
        while (last < ids.Length - 1 && (cumulative += probabilities[ids[last]]) < _mass) last++;
        for (int i = Math.Max(last + 1, _kept); i < ids.Length; i++)
        {
            if (distances[i] > distances[last]) scores[ids[i]] = float.NegativeInfinity;
        }
    }
}
