using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Keeps the tokens of at least a probability, and the best one (Hewitt, Manning, Liang: "Truncation Sampling as Language Model Desmoothing", 2022).</summary>
/// <param name="epsilon">Greater than 0, less than 1.</param>
/// <param name="kept">Best tokens that stay at least; default 1.</param>
public sealed class EpsilonCutoff(double epsilon, int kept = 1) : ILogitsProcessor
{
    private readonly double _epsilon = Require.Below(epsilon, double.Epsilon, 1);
    private readonly int _kept = Require.AtLeast(kept, 1);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores) => Cut.Below(_epsilon, Softmax.Of(scores), _kept, scores);
}
