using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class ValidationTrackerTests
{
    [Fact]
    public void BetweenEqualMetricsTheLowerLossIsTakenAndPatienceRunsOn()
    {
        ValidationTracker tracker = new(new EarlyStoppingOptions { Metric = "accuracy", HigherIsBetter = true, Patience = 3 });
        Assert.True(Add(1, loss: 0.5, accuracy: 1));
        Assert.True(Add(2, loss: 0.1, accuracy: 1));
        Assert.False(Add(3, loss: 0.01, accuracy: 0.9));
        Assert.False(tracker.PatienceEnded);
        Assert.False(Add(4, loss: 0.1, accuracy: 1));
        Assert.True(tracker.PatienceEnded);

        bool Add(long step, double loss, double accuracy) =>
            tracker.Add(new TrainingValidation(step, loss, new Dictionary<string, double> { ["accuracy"] = accuracy }, Targets: 10)).Best;
    }
}
