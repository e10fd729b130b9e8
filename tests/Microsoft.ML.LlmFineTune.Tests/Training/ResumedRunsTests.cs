// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Tests.Optimization;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>A run that was interrupted ends, bit by bit, as one that was not, whatever it keeps from step to step.</summary>
public sealed class ResumedRunsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("run").FullName;

    public static TheoryData<string> Optimizers => EveryOptimizer.Names;

    public static TheoryData<string> Extras => new("average", "average, warming up", "average, debiased", "mixout", "pull to the start", "gradual unfreezing", "plateau", "noise and dropout", "16 bits");

    public static TheoryData<string> Adapters => new("lora", "lora+", "dora", "biases", "ia3", "prompt", "prefix", "four bits", "four bits in 16 bits", "lora, average");

    private TrainingOptions Options => new()
    {
        Epochs = 3, Optimizer = new AdamWOptions { LearningRate = 0.02 }, Replicas = 2, Seed = 4, Device = ComputeDevice.Cpu,
        Checkpoints = new CheckpointOptions { Folder = _folder, EverySteps = 4, EveryMinutes = null },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void With_every_optimizer(string name) => Resumes(Toy, new ToyObjective(), Options with { Optimizer = EveryOptimizer.All[name] }, new ToyBatches(3, 6, 5), null);

    [Theory]
    [MemberData(nameof(Extras))]
    public void With_everything_that_is_kept_besides(string what)
    {
        TrainingOptions options = what switch
        {
            "average" => Options with { WeightAverage = new WeightAverageOptions { Decay = 0.8 } },
            "average, warming up" => Options with { WeightAverage = new WeightAverageOptions { Decay = 0.8, Kind = WeightAverageKind.Warmup } },
            "average, debiased" => Options with { WeightAverage = new WeightAverageOptions { Decay = 0.8, Kind = WeightAverageKind.Debiased } },
            "mixout" => Options with { Mixout = 0.3 },
            "pull to the start" => Options with { StartPenalty = 0.1 },
            "gradual unfreezing" => Options with { Freezing = new FreezingOptions { Unfreezing = new GradualUnfreezing { GroupsAtStart = 1 }, RateDecay = 0.5 } },
            "plateau" => Options with { Schedule = new PlateauSchedule { Patience = 0 } },
            "noise and dropout" => Options with { EmbeddingNoise = 5, RecomputeActivations = true },
            _ => Options with { Precision = TrainingPrecision.BFloat16 },
        };
        Resumes(() => Decoder(null), new NextTokenObjective(), options, Rows(1), Rows(2));
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void With_every_adapter(string kind)
    {
        TrainingOptions options = Options with
        {
            Precision = kind == "four bits in 16 bits" ? TrainingPrecision.BFloat16 : null,
            WeightAverage = kind == "lora, average" ? new WeightAverageOptions { Decay = 0.8 } : null,
        };
        Resumes(() => Decoder(kind), new NextTokenObjective(), options, Rows(1), Rows(2));
    }

    private static void Resumes(Func<nn.Module> make, IObjective objective, TrainingOptions options, IBatchSource training, IBatchSource? validation)
    {
        using nn.Module whole = make(), interrupted = make(), resumed = make();
        float[] before = Values(whole);
        TrainingResult expected = new Trainer(whole, objective, options with { Checkpoints = null }).Train(training, validation);
        Assert.NotEqual(before, Values(whole));
        Assert.Throws<InvalidOperationException>(() => new Trainer(interrupted, objective, options, new Stop(6)).Train(training, validation));
        Stop seen = new(long.MaxValue);
        TrainingResult actual = new Trainer(resumed, objective, options, seen).Train(training, validation);
        Assert.Equal(4, seen.ResumedAt);
        Assert.Equal(Values(whole), Values(resumed));
        Assert.Equal((expected.Steps, expected.WeightsStep, expected.FinalLoss), (actual.Steps, actual.WeightsStep, actual.FinalLoss));
        Assert.Equal(expected.Validations.Select(one => (one.Step, one.Loss)), actual.Validations.Select(one => (one.Step, one.Loss)));
    }

    private static ToyModel Toy() => new(dropout: 0.3, initialization: new RandomStream(1));

    private static DecoderModel Decoder(string? adapter)
    {
        DecoderModel model = Adapted.Model(Adapted.Gpt2 with { ResidualDropout = 0.2 });
        if (adapter is null) return model;
        if (adapter.StartsWith("four bits", StringComparison.Ordinal)) ModelQuantization.ToNf4(model);
        LoraOptions lora = new() { Targets = ModuleSelection.AllLinear, Dropout = 0.2 };
        ModelAdapters.Attach(model, adapter switch
        {
            "lora+" => lora with { OutputLearningRateFactor = 4 },
            "dora" or "biases" or "ia3" or "prompt" or "prefix" => ModelAdaptersTests.Options(adapter),
            _ => lora,
        });
        return model;
    }

    private static RowBatches Rows(ulong seed)
    {
        RandomStream random = new(seed);
        return new([.. Enumerable.Range(0, 12).Select(i => CompletionRows.Of([.. Enumerable.Range(0, 3 + (i % 4)).Select(_ => 1 + random.NextInt32(28))]))], 0, BatchSize.OfRows(4), new RandomStreams(2));
    }

    private static float[] Values(nn.Module model) => [.. model.parameters().SelectMany(parameter => parameter.detach().contiguous().data<float>().ToArray())];

    private sealed class Stop(long step) : ITrainingObserver
    {
        public long? ResumedAt { get; private set; }

        public void Resumed(TrainingResumption resumption) => ResumedAt = resumption.Step;

        public void Stepped(TrainingStep taken)
        {
            if (taken.Step == step) throw new InvalidOperationException("the machine went down");
        }
    }
}
