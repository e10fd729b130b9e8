using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>Schedules that do more than multiply the rate, in the training loop.</summary>
public sealed class ScheduleTrainingTests
{
    private static readonly TrainingOptions Options = new() { Epochs = 6, Optimizer = new AdamWOptions { LearningRate = 0.05 }, Schedule = new ConstantSchedule(), Replicas = 1, Device = ComputeDevice.Cpu };

    [Fact]
    public void The_rate_follows_validation()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        Rates log = new();
        // No loss is better by so much, so every validation after the first lowers the rate.
        PlateauSchedule schedule = new() { Factor = 0.5, Patience = 0, Threshold = 1e9, RelativeThreshold = false, WarmupSteps = 1 };
        new Trainer(model, new ToyObjective(), Options with { Schedule = schedule }, log).Train(new ToyBatches(2, 6, 5), new ToyBatches(1, 6, 5), TestContext.Current.CancellationToken);
        Assert.Equal([0, 0.05, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125, 0.00625, 0.00625, 0.003125, 0.003125], log.All);
        Assert.Contains("validation data", Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), Options with { Schedule = schedule }).Train(new ToyBatches(2, 6, 5), null, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_cycle_moves_the_momentum()
    {
        float[] Trained(OptimizerOptionsOf make, bool cycles)
        {
            using ToyModel model = new(initialization: new RandomStream(1));
            new Trainer(model, new ToyObjective(), Options with { Optimizer = make(), Schedule = new OneCycleSchedule { CyclesMomentum = cycles } }).Train(new ToyBatches(2, 6, 5), null, TestContext.Current.CancellationToken);
            return model.Values();
        }
        Assert.NotEqual(Trained(() => new AdamWOptions(), true), Trained(() => new AdamWOptions(), false));
        string message = Assert.Throws<ArgumentException>(() => Trained(() => new AdagradOptions(), true)).Message;
        Assert.Contains("CyclesMomentum", message, StringComparison.Ordinal);
        Assert.Contains("AdagradOptions", message, StringComparison.Ordinal);
        Assert.NotEmpty(Trained(() => new AdagradOptions(), false));
    }

    private delegate OptimizerOptions OptimizerOptionsOf();

    private sealed class Rates : ITrainingObserver
    {
        public List<double> All { get; } = [];

        public void Stepped(TrainingStep step) => All.Add(step.LearningRate);
    }
}
