using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>
/// Training ended because its loss was no longer a finite number, or what it came to could not be saved where the options want it. Nothing is lost: <see cref="LastGood"/> has the last good weights.
/// </summary>
public sealed class TrainingFailedException : Exception
{
    internal TrainingFailedException(TrainingDivergedException cause, TextTransformer lastGood)
        : base(cause.Message, cause) => (LastGood, Result) = (lastGood, cause.Result);

    internal TrainingFailedException(string message, Exception cause, TextTransformer lastGood, TrainingResult result)
        : base(message, cause) => (LastGood, Result) = (lastGood, result);

    /// <summary>The transformer with the weights from before the failure; it can be used and saved.</summary>
    public TextTransformer LastGood { get; }

    /// <summary>What was reached until then.</summary>
    public TrainingResult Result { get; }
}
