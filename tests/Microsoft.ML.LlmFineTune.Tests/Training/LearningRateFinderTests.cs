// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class LearningRateFinderTests
{
    private static readonly TrainingOptions Options = new() { Replicas = 1, Device = ComputeDevice.Cpu };

    private static readonly RateRangeOptions Range = new() { StartRate = 1e-5, EndRate = 10, Steps = 61, Smoothing = 0.5 };

    [Fact]
    public void The_suggested_rate_trains_and_the_model_is_what_it_was()
    {
        using ToyModel model = new(dropout: 0.1, initialization: new RandomStream(1));
        model.Bias.requires_grad_(false);
        model.eval();
        float[] before = model.Values();
        // Fewer batches than steps: the data begins anew.
        RateCurve curve = LearningRateFinder.Run(model, new ToyObjective(), Options, new ToyBatches(20, 6, 5), Range);
        Assert.Equal(before, model.Values());
        Assert.Equal((false, false, true), (model.training, model.Bias.requires_grad, model.Hidden.requires_grad));
        Assert.Null(model.Hidden.grad);
        Assert.True(curve.IsFinished);
        Assert.All(curve.Points.Select((point, step) => (point, step)), entry => Assert.Equal(Range.RateAt(entry.step), entry.point.LearningRate));

        double rate = curve.Suggest()!.Value;
        Assert.InRange(rate, 1e-3, 1);
        model.Bias.requires_grad_(true);
        TrainingResult result = new Trainer(model, new ToyObjective(), Options with { Epochs = 3, Optimizer = new AdamWOptions { LearningRate = rate } }).Train(new ToyBatches(20, 6, 5), new ToyBatches(3, 6, 5, seed: 9));
        Assert.True(result.Best!.Loss < curve.Points[0].Loss - 0.4, $"The loss is {result.Best.Loss} with {rate}; it was {curve.Points[0].Loss}.");
    }

    [Fact]
    public void The_steps_have_the_rates_of_the_range_whatever_the_optimizers_own_is()
    {
        RateCurve Curve(double rate)
        {
            using ToyModel model = new(initialization: new RandomStream(1));
            return LearningRateFinder.Run(model, new ToyObjective(), Options with { Optimizer = new AdamWOptions { LearningRate = rate } }, new ToyBatches(20, 6, 5), Range);
        }
        RateCurve one = Curve(1e-3), other = Curve(0.25);
        Assert.Equal(one.Points.Count, other.Points.Count);
        // Equal but for the rounding of factors.
        Assert.All(one.Points.Zip(other.Points).Take(30), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-4));

        LearningRateSchedule ramp = new RateRampSchedule(Range, 0.25);
        Assert.Equal(Range.RateAt(7), 0.25 * ramp.Factors(Range.Steps)(7), 1e-15);
        Assert.Throws<ArgumentException>(() => (ramp with { WarmupSteps = 3 }).Factors(Range.Steps));
    }

    [Fact]
    public void A_loss_that_is_no_number_ends_it_with_a_curve()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        int calls = 0;
        RateCurve curve = LearningRateFinder.Run(model, new ToyObjective(() => ++calls == 8 ? double.NaN : 1), Options, new ToyBatches(20, 6, 5), Range);
        Assert.Equal((true, true, 7), (curve.HasDiverged, curve.IsFinished, curve.Points.Count));
        Assert.Equal(before, model.Values());
        Assert.True(model.training);
    }

    [Fact]
    public void A_loss_that_grows_beyond_all_bounds_ends_it_before_the_last_rate()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        int calls = 0;
        RateCurve curve = LearningRateFinder.Run(model, new ToyObjective(() => ++calls > 10 ? 100 : 1), Options, new ToyBatches(20, 6, 5), Range);
        Assert.Equal((true, true, 11), (curve.HasDiverged, curve.IsFinished, curve.Points.Count));
        Assert.Equal(11, calls);
        Assert.Equal(before, model.Values());
    }

    [Fact]
    public void Cancelling_gives_the_curve_so_far()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        using CancellationTokenSource source = new();
        int calls = 0;
        RateCurve curve = LearningRateFinder.Run(model, new ToyObjective(() => { if (++calls == 5) source.Cancel(); return 1; }), Options, new ToyBatches(20, 6, 5), Range, source.Token);
        Assert.Equal((false, 5), (curve.IsFinished, curve.Points.Count));
        Assert.Equal(before, model.Values());
    }

    [Fact]
    public void Everything_that_would_interfere_is_left_out()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        string folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        TrainingOptions options = Options with
        {
            AccumulatedBatches = 2, Precision = TrainingPrecision.BFloat16, MaximumSteps = 3, ValidationInterval = 1, EarlyStopping = new EarlyStoppingOptions(), Schedule = new PlateauSchedule(),
            WeightAverage = new WeightAverageOptions(), Checkpoints = new CheckpointOptions { Folder = folder, EverySteps = 1 },
        };
        RateCurve curve = LearningRateFinder.Run(model, new ToyObjective(), options, new ToyBatches(20, 6, 5), Range with { Steps = 12 });
        Assert.True(curve.IsFinished);
        Assert.Equal(before, model.Values());
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void An_optimizer_that_finds_its_own_rate_is_refused()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        TrainingOptions options = Options with { Optimizer = new AdafactorOptions { RelativeStep = true } };
        Assert.Contains("RelativeStep", Assert.Throws<ArgumentException>(() => LearningRateFinder.Run(model, new ToyObjective(), options, new ToyBatches(2, 6, 5))).Message, StringComparison.Ordinal);
    }
}
