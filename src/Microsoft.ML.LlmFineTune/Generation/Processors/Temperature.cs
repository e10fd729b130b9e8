using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Divides scores: below 1 the choice keeps closer to the best tokens, above 1 it becomes more even.</summary>
/// <param name="temperature">Greater than 0.</param>
public sealed class Temperature(double temperature) : ILogitsProcessor
{
    private readonly float _temperature = (float)Require.Positive(temperature);

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        foreach (ref float score in scores) score /= _temperature;
    }
}
