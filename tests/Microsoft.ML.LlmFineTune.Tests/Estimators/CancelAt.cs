using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>Cancels in the middle of a step, as Ctrl-C would.</summary>
internal sealed class CancelAt(long step, CancellationTokenSource cancellation) : ITrainingObserver
{
    public void Stepped(TrainingStep done)
    {
        if (done.Step == step)
            cancellation.Cancel();
    }
}
