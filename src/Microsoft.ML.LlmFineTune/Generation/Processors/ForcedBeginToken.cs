namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Makes a token the second one of a row: the first that an encoder-decoder writes after its start token (the language of a multilingual model).</summary>
/// <param name="token">The token.</param>
public sealed class ForcedBeginToken(int token) : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        if (row.Tokens.Length != 1) return;
        scores.Fill(float.NegativeInfinity);
        scores[token] = 0;
    }
}
