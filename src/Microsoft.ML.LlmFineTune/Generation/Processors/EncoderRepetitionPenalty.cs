using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Rewards the tokens of the source (what the encoder read, or the prompt), so that a text keeps to it: a <see cref="RepetitionPenalty"/> over the source, inverted.</summary>
/// <param name="penalty">Greater than 0; above 1 keeps closer to the source.</param>
public sealed class EncoderRepetitionPenalty(double penalty) : ILogitsProcessor
{
    private readonly float _penalty = (float)(1 / Require.Positive(penalty));

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores) => RepetitionPenalty.Apply(row.Source, _penalty, scores);
}
