namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Training stopped because its loss or gradient was not a finite number. The model keeps the last good weights.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TrainingDivergedException(string message, TrainingResult result) : base(message) => Result = result;

    /// <summary>What was reached until then; <see cref="TrainingResult.WeightsStep"/> says which weights the model has.</summary>
    public TrainingResult Result { get; }
}
