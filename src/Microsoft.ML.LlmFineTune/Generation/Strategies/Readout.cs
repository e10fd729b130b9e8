namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>What a model says to the rows that it has read.</summary>
/// <param name="Scores">[rows, scored positions, vocabulary].</param>
/// <param name="Vocabulary">Tokens that were scored; fewer may be known.</param>
/// <param name="Hidden">[rows, columns, width] of the columns that were read, padding included; null where nobody asked.</param>
/// <param name="Columns">How many columns were read.</param>
internal sealed record Readout(float[] Scores, int Vocabulary, float[]? Hidden, int Columns)
{
    /// <summary>[vocabulary] of a scored position, counted through all rows.</summary>
    public Span<float> Of(int position, int known) => Scores.AsSpan(position * Vocabulary, known);
}
