namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>One step of what happens to a row's scores between the model and the choice of a token.</summary>
public interface ILogitsProcessor
{
    /// <summary>Changes scores; minus infinity bars a token.</summary>
    /// <param name="row">What the row has read and written.</param>
    /// <param name="scores">[vocabulary], changed in place.</param>
    void Process(RowHistory row, Span<float> scores);
}
