namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Sees everything that training does, in the thread that trains. Implement what you need; an exception ends training.</summary>
public interface ITrainingObserver
{
    /// <summary>Training is about to start.</summary>
    void Started(TrainingStart start) { }

    /// <summary>Training goes on from a saved state; told after <see cref="Started"/>.</summary>
    void Resumed(TrainingResumption resumption) { }

    /// <summary>A step was taken.</summary>
    void Stepped(TrainingStep step) { }

    /// <summary>The model was validated.</summary>
    void Validated(TrainingValidation validation) { }

    /// <summary>An epoch ended.</summary>
    void EpochEnded(TrainingEpoch epoch) { }

    /// <summary>The state was saved, to be gone on from.</summary>
    void Saved(TrainingSave save) { }

    /// <summary>Training ended, for whatever reason but an exception of somebody else's.</summary>
    void Finished(TrainingResult result) { }
}
