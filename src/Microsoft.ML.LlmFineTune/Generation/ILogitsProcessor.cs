namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>One step of what happens to a row's scores between the model and the choice of a token.</summary>
public interface ILogitsProcessor
{
    /// <summary>Changes scores; minus infinity bars a token.</summary>
    /// <param name="tokens">The row so far: prompt and new tokens.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    /// <param name="scores">[vocabulary], changed in place.</param>
    void Process(ReadOnlySpan<int> tokens, int promptLength, Span<float> scores);
}
