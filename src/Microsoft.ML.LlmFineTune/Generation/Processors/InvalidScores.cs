namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Makes every score finite: 0 for what is not a number, the largest or lowest float32 for infinities. Barred tokens stay the least likely, but are barred no longer.</summary>
public sealed class InvalidScores : ILogitsProcessor
{
    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        foreach (ref float score in scores) score = float.IsNaN(score) ? 0 : Math.Clamp(score, float.MinValue, float.MaxValue);
    }
}
