using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Adds a bias to the last token of a sequence when the row ends with the tokens before it. A sequence that is longer than the row is not looked at.</summary>
/// <param name="biases">The sequences; of equal ones the last counts.</param>
public sealed class SequenceBiases(IReadOnlyList<SequenceBias> biases) : ILogitsProcessor
{
    private readonly SequenceBias[] _biases = [.. Require.NotNull(biases).Reverse().DistinctBy(bias => string.Join(' ', bias.Tokens))];

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        foreach (SequenceBias bias in _biases)
        {
            if (row.MayComplete(bias.Tokens)) scores[bias.Tokens[^1]] += (float)bias.Bias;
        }
    }
}
