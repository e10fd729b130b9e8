using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Keeps the tokens that are at least p times as likely as the best one (Nguyen et al.: "Turning Up the Heat", 2024).</summary>
/// <param name="p">From 0 (all) to 1 (the best alone).</param>
/// <param name="kept">Tokens that stay at least; default 1.</param>
public sealed class MinP(double p, int kept = 1) : ILogitsProcessor
{
    private readonly double _p = Require.Within(p, 0.0, 1.0);
    private readonly int _kept = Require.AtLeast(kept, 1);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        double[] probabilities = Softmax.Of(scores);
        Cut.Below(_p * probabilities.Max(), probabilities, _kept, scores);
    }
}
