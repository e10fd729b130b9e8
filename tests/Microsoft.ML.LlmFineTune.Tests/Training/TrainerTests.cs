// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class TrainerTests
{
    private static readonly TrainingOptions Options = new()
    {
        Epochs = 3, Optimizer = new AdamWOptions { LearningRate = 0.05 }, Schedule = new ConstantSchedule(), Replicas = 1, Device = ComputeDevice.Cpu,
    };

    [Fact]
    public void It_learns_and_reports_what_it_did()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        Log log = new();
        TrainingResult result = new Trainer(model, new ToyObjective(), Options, log).Train(new ToyBatches(20, 6, 5), new ToyBatches(3, 6, 5, seed: 9));
        Assert.Equal((TrainingStopReason.Completed, 60, 3, 60L * 30), (result.StopReason, result.Steps, result.Epochs, result.Tokens));
        Assert.Equal(3, result.Validations.Count);
        Assert.True(result.Validations[^1].Loss < 1.0, $"The loss is {result.Validations[^1].Loss}.");
        Assert.True(result.Validations[^1].Metrics["accuracy"] > 0.7);
        Assert.Equal(Math.Exp(result.Validations[0].Loss), result.Validations[0].Perplexity);
        Assert.Equal(["started", "step 1", "step 2"], log.Lines.Take(3));
        Assert.Equal("finished Completed", log.Lines[^1]);
        Assert.Equal(60, log.Steps.Count);
        Assert.All(log.Steps, step => Assert.Equal(60, step.TotalSteps));
        Assert.All(log.Steps, step => Assert.True(step.TokensPerSecond > 0 && step.GradientNorm > 0 && step.Tokens == 30));
        Assert.Equal(TimeSpan.Zero, log.Steps[^1].Remaining);
        Assert.DoesNotContain(float.NaN, model.Values());
        Assert.Null(model.Hidden.grad);
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_and_another_seed_others()
    {
        float[] Weights(long seed, int replicas)
        {
            using ToyModel model = new(dropout: 0.3, initialization: new RandomStream(1));
            new Trainer(model, new ToyObjective(), Options with { Seed = seed, Replicas = replicas }).Train(new ToyBatches(10, 6, 5));
            return model.Values();
        }
        Assert.Equal(Weights(1, 2), Weights(1, 2));
        Assert.NotEqual(Weights(1, 2), Weights(2, 2));
    }

    [Fact]
    public void Replicas_and_accumulation_change_only_the_order_of_sums()
    {
        float[] Weights(int replicas, int accumulated, int batches, int rows)
        {
            using ToyModel model = new(initialization: new RandomStream(1));
            // One large batch, or the same rows in several small ones.
            IBatchSource source = new Split(new ToyBatches(8, 12, 5), batches);
            Assert.Equal(rows, source.Epoch(0).First().Rows);
            new Trainer(model, new ToyObjective(), Options with { Replicas = replicas, AccumulatedBatches = accumulated, Schedule = new LinearSchedule { WarmupSteps = 3 } }).Train(source);
            return model.Values();
        }
        float[] one = Weights(1, 1, 1, 12);
        foreach (float[] other in new[] { Weights(2, 1, 1, 12), Weights(5, 1, 1, 12), Weights(12, 1, 1, 12), Weights(1, 4, 4, 3), Weights(2, 3, 3, 4) })
        {
            for (int i = 0; i < one.Length; i++) Assert.Equal(one[i], other[i], 2e-4f);
        }
    }

    [Fact]
    public void The_loss_is_the_mean_over_the_targets_of_the_step()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        TrainingValidation before = ModelEvaluation.Run(model, new ToyObjective(), new ToyBatches(4, 6, 5));
        Log log = new();
        new Trainer(model, new ToyObjective(), Options with { AccumulatedBatches = 4, MaximumSteps = 1, Replicas = 3 }, log).Train(new ToyBatches(4, 6, 5));
        Assert.Equal(before.Loss, log.Steps.Single().Loss, 1e-6);
        Assert.Equal(new ToyBatches(4, 6, 5).Epoch(0).Sum(batch => batch.TargetCount), before.Targets);
    }

    [Fact]
    public void Early_stopping_ends_it_and_the_best_weights_come_back()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[]? best = null;
        Log log = new() { OnValidation = validation => best = validation.Best ? model.Values() : best };
        // A rate so large that validation gets worse after a while.
        TrainingOptions options = Options with { Epochs = 50, Optimizer = new AdamWOptions { LearningRate = 1 }, EarlyStopping = new EarlyStoppingOptions { Patience = 2 } };
        TrainingResult result = new Trainer(model, new ToyObjective(), options, log).Train(new ToyBatches(5, 6, 5), new ToyBatches(3, 6, 5, seed: 9));
        Assert.Equal(TrainingStopReason.EarlyStopping, result.StopReason);
        Assert.Equal(result.Best!.Step, result.WeightsStep);
        Assert.True(result.WeightsStep < result.Steps);
        Assert.Equal(2, result.Validations.Count - 1 - result.Validations.ToList().FindLastIndex(validation => validation.Best));
        Assert.Equal(best, model.Values());
        Assert.Equal(result.Best.Metrics["accuracy"], ModelEvaluation.Run(model, new ToyObjective(), new ToyBatches(3, 6, 5, seed: 9)).Metrics["accuracy"]);
    }

    [Fact]
    public void Validation_sums_over_all_batches_on_any_number_of_threads()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using ReplicaPool pool = new(3);
        ToyBatches data = new(4, 6, 5);
        TrainingValidation alone = ModelEvaluation.Run(model, new ToyObjective(), data), shared = ModelEvaluation.Run(model, new ToyObjective(), data, pool);
        double sum = 0;
        foreach (TokenBatch batch in data.Epoch(0))
        {
            using var scope = NewDisposeScope();
            sum += new ToyObjective().SummedLoss(model, batch).item<float>();
        }
        Assert.Equal(sum / alone.Targets, alone.Loss, 1e-9);
        Assert.Equal(alone.Loss, shared.Loss, 1e-6);
        Assert.Equal(alone.Metrics["accuracy"], shared.Metrics["accuracy"]);
        Assert.True(model.training);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_it_with_good_weights()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        int calls = 0;
        Log log = new();
        TrainingDivergedException thrown = Assert.Throws<TrainingDivergedException>(() =>
            new Trainer(model, new ToyObjective(() => ++calls == 8 ? double.NaN : 1), Options, log).Train(new ToyBatches(20, 6, 5)));
        Assert.Contains("lower learning rate", thrown.Message, StringComparison.Ordinal);
        Assert.Equal((TrainingStopReason.Diverged, 7L), (thrown.Result.StopReason, thrown.Result.Steps));
        Assert.All(model.Values(), value => Assert.True(float.IsFinite(value)));
        Assert.Equal("finished Diverged", log.Lines[^1]);
        Assert.True(double.IsFinite(ModelEvaluation.Run(model, new ToyObjective(), new ToyBatches(2, 6, 5)).Loss));
    }

    [Fact]
    public void Cancellation_ends_it_after_the_step_and_the_result_says_so()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using CancellationTokenSource source = new();
        Log log = new() { OnStep = step => { if (step.Step == 5) source.Cancel(); } };
        TrainingResult result = new Trainer(model, new ToyObjective(), Options, log).Train(new ToyBatches(20, 6, 5), cancellation: source.Token);
        Assert.Equal((TrainingStopReason.Cancelled, 5L, 5L), (result.StopReason, result.Steps, result.WeightsStep));
    }

    [Fact]
    public void Steps_may_end_it_within_an_epoch_and_validate_on_the_way()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        TrainingResult result = new Trainer(model, new ToyObjective(), Options with { Epochs = null, MaximumSteps = 27, ValidationInterval = 10, RestoreBest = false }).Train(new ToyBatches(20, 6, 5), new ToyBatches(1, 6, 5));
        Assert.Equal((27L, 27L, 1), (result.Steps, result.WeightsStep, result.Epochs));
        Assert.Equal([10L, 20, 27], result.Validations.Select(validation => validation.Step));
    }

    [Fact]
    public void Dropout_differs_between_steps_and_is_off_in_validation()
    {
        using ToyModel model = new(dropout: 0.5, initialization: new RandomStream(1));
        Log log = new();
        // A rate of 0 leaves the weights alone, so losses of one batch differ by dropout only.
        new Trainer(model, new ToyObjective(), Options with { Schedule = new ConstantSchedule { WarmupSteps = 1_000_000_000 }, MaximumGradientNorm = null }, log).Train(new Repeated(new ToyBatches(1, 6, 5)), new ToyBatches(1, 6, 5));
        Assert.Equal(3, log.Steps.Select(step => step.Loss).Distinct().Count());
        Assert.Single(log.Validations.Select(validation => validation.Loss).Distinct());
    }

    [Fact]
    public void What_cannot_work_is_refused_before_it_starts()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        TrainingOptions stopping = Options with { EarlyStopping = new EarlyStoppingOptions { Metric = "f1" } };
        Assert.Contains("loss, accuracy", Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), stopping)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), Options with { EarlyStopping = new EarlyStoppingOptions() }).Train(new ToyBatches(1, 1, 1)));
        Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), Options).Train(new ToyBatches(0, 1, 1)));
    }

    [Fact]
    public void A_run_whose_beginning_fails_leaves_the_model_as_it_was()
    {
        using Unreplicable model = new();
        TrainingOptions options = Options with { Replicas = 2, Freezing = new FreezingOptions { Frozen = ["first"] } };
        Assert.Throws<InvalidOperationException>(() => new Trainer(model, new ToyObjective(), options).Train(new ToyBatches(1, 6, 5)));
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.True(model.training);
    }

    [Fact]
    public void Planning_takes_no_longer_for_a_million_epochs()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using CancellationTokenSource cancellation = new();
        Counted batches = new(new ToyBatches(3, 2, 5));
        Log log = new();
        Cancelling cancelling = new(cancellation);
        new Trainer(model, new ToyObjective(), Options with { Epochs = 1_000_000 }, log, cancelling).Train(batches, cancellation: cancellation.Token);
        Assert.InRange(batches.Counts, 1, 1000);
        Assert.Equal(3_000_000, log.Steps[0].TotalSteps);
    }

    [Fact]
    public void A_run_without_an_end_is_ended_by_whoever_cancels_it()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using CancellationTokenSource cancellation = new();
        Log log = new();
        TrainingResult result = new Trainer(model, new ToyObjective(), Options with { Epochs = null, MaximumSteps = long.MaxValue }, new Cancelling(cancellation), log).Train(new ToyBatches(20, 6, 5), cancellation: cancellation.Token);
        Assert.Equal(TrainingStopReason.Cancelled, result.StopReason);
        Assert.Equal(TimeSpan.MaxValue, log.Steps[0].Remaining);
    }

    [Fact]
    public void Validation_data_without_targets_is_refused_before_the_first_step()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        foreach (IBatchSource validation in (IBatchSource[])[new ToyBatches(0, 6, 5), new Fixed(new TokenBatch(1, 2, [1, 2], [TokenBatch.Ignored, TokenBatch.Ignored]))])
            Assert.Equal("validation", Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), Options).Train(new ToyBatches(4, 6, 5), validation)).ParamName);
        Assert.Equal(before, model.Values());
    }

    [Fact]
    public void One_training_at_a_time_changes_a_model()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        Trainer trainer = new(model, new ToyObjective(), Options);
        Exception? inside = null;
        Watching watching = new(() => inside = Record.Exception(() => trainer.Train(new ToyBatches(2, 6, 5))));
        new Trainer(model, new ToyObjective(), Options, watching).Train(new ToyBatches(2, 6, 5));
        Assert.Contains("being trained already", Assert.IsType<InvalidOperationException>(inside).Message, StringComparison.Ordinal);
        // Also after a training that failed, the model may be trained again.
        Assert.Throws<InvalidDataException>(() => new Trainer(model, new ToyObjective(), Options, new Watching(() => throw new InvalidDataException())).Train(new ToyBatches(2, 6, 5)));
        Assert.Equal(6, trainer.Train(new ToyBatches(2, 6, 5)).Steps);
    }

    [Theory]
    [InlineData("Merging")]
    [InlineData("Merging for good")]
    [InlineData("Unmerging")]
    [InlineData("Activating")]
    [InlineData("Deactivating")]
    [InlineData("Removing")]
    [InlineData("Attaching")]
    [InlineData("Quantising")]
    public void What_a_model_is_made_of_does_not_change_while_it_is_trained(string what)
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2), undisturbed = Adapted.Model(Adapted.Gpt2);
        TrainingOptions options = new() { Epochs = 2, Replicas = 1, Device = ComputeDevice.Cpu };
        CausalPackedBatches batches = new([[1, 2, 3, 4, 5, 6, 7, 8, 9]], 0, 4, 1, null);
        foreach (DecoderModel one in (DecoderModel[])[model, undisturbed]) ModelAdapters.Attach(one, new LoraOptions());
        ModelAdapters adapters = ModelAdapters.Of(model)!;
        int steps = 0;
        Exception? thrown = null;
        new Trainer(model, new NextTokenObjective(), options, new Watching(() =>
        {
            if (++steps == 2) thrown = Record.Exception(Change);
        })).Train(batches);
        new Trainer(undisturbed, new NextTokenObjective(), options).Train(batches);
        string message = Assert.IsType<InvalidOperationException>(thrown).Message;
        Assert.StartsWith(what.Split(' ')[0], message, StringComparison.Ordinal);
        Assert.Contains("this model is being trained", message, StringComparison.Ordinal);
        // Training went on as if nobody had asked, and afterwards it may be done.
        using Tensor tokens = Adapted.Tokens(2, 6), trained = Adapted.Logits(model, tokens), expected = Adapted.Logits(undisturbed, tokens);
        Assert.Equal(0, Adapted.Distance(expected, trained));
        Assert.True(steps > 2);
        if (what == "Unmerging") adapters.Merge();
        Change();

        void Change()
        {
            switch (what)
            {
                case "Merging": adapters.Merge(); break;
                case "Merging for good": adapters.MergeAndRemove(); break;
                case "Unmerging": adapters.Unmerge(); break;
                case "Activating": adapters.Activate(ModelAdapters.DefaultName); break;
                case "Deactivating": adapters.Deactivate(); break;
                case "Removing": adapters.Remove(ModelAdapters.DefaultName); break;
                case "Attaching": ModelAdapters.Attach(model, new LoraOptions(), "other"); break;
                default: ModelQuantization.ToNf4(model); break;
            }
        }
    }

    [Fact]
    public void A_part_of_a_model_is_trained_with_it()
    {
        using SequenceClassifier classifier = new(Adapted.Gpt2.CreateDecoder(), ["a", "b"]);
        classifier.Backbone.Initialize(new RandomStream(1));
        classifier.InitializeHead(new RandomStream(2));
        Exception? thrown = null;
        ClassificationBatches batches = new([[1, 2, 3], [4, 5, 6]], [0, 1], 0, 16, BatchSize.OfRows(2), null);
        new Trainer(classifier, new ClassificationObjective(), new() { Epochs = 1, Device = ComputeDevice.Cpu, Replicas = 1 }, new Watching(() => thrown = Record.Exception(() => ModelAdapters.Attach(classifier.Backbone, new LoraOptions())))).Train(batches);
        Assert.StartsWith("Attaching an adapter", Assert.IsType<InvalidOperationException>(thrown).Message, StringComparison.Ordinal);
        ModelAdapters.Attach(classifier.Backbone, new LoraOptions());
    }

    [Fact]
    public void Neither_a_caller_without_gradients_nor_an_observer_that_evaluates_changes_what_is_learnt()
    {
        float[] Weights(bool disturbed)
        {
            using ToyModel model = new(dropout: 0.3, initialization: new RandomStream(1));
            using IDisposable? withoutGradients = disturbed ? no_grad() : null;
            new Trainer(model, new ToyObjective(), Options, new Watching(() => model.train(!disturbed))).Train(new ToyBatches(10, 6, 5));
            return model.Values();
        }
        Assert.Equal(Weights(false), Weights(true));
        Assert.True(is_grad_enabled());
    }

    [Fact]
    public void A_model_that_comes_with_NaN_is_not_told_to_learn_more_slowly()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using (no_grad()) model.Bias.fill_(double.NaN);
        string message = Assert.Throws<TrainingDivergedException>(() => new Trainer(model, new ToyObjective(), Options).Train(new ToyBatches(2, 6, 5))).Message;
        Assert.Contains("the weights that the model came with", message, StringComparison.Ordinal);
        Assert.DoesNotContain("learning rate", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contradictions_are_refused_by_name()
    {
        using ToyModel model = new();
        Assert.Contains("HigherIsBetter", Assert.Throws<ArgumentException>(() => new EarlyStoppingOptions { HigherIsBetter = true }.Validate()).Message, StringComparison.Ordinal);
        string accuracy = Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), Options with { EarlyStopping = new() { Metric = "accuracy" } })).Message;
        Assert.Contains("HigherIsBetter", accuracy, StringComparison.Ordinal);
        Assert.Equal("observers", Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), Options, new ITrainingObserver[] { null! })).ParamName);
    }

    [Fact]
    public void A_plan_says_why_a_model_has_no_replicas()
    {
        using Bare model = new();
        TrainingResult result = new Trainer(model, new BareObjective(), Options with { Replicas = 4 }).Train(new ToyBatches(2, 4, 4));
        Assert.Equal((1, "a Bare can not be replicated"), (result.Plan.Replicas, result.Plan.Reason));
    }

    private sealed class Bare : nn.Module
    {
        private readonly TorchSharp.Modules.Parameter scores;

        public Bare() : base(nameof(Bare))
        {
            scores = new TorchSharp.Modules.Parameter(zeros(7, 7));
            RegisterComponents();
        }

        public Tensor Of(Tensor tokens) => scores.index_select(0, tokens);
    }

    private sealed class BareObjective : LlmFineTune.Losses.IObjective
    {
        public IReadOnlyList<string> Metrics { get; } = [];

        public Tensor SummedLoss(nn.Module model, TokenBatch rows, LlmFineTune.Losses.MetricSums? metrics = null) => LlmFineTune.Kernels.SoftmaxCrossEntropy.Sum(((Bare)model).Of(tensor(rows.Tokens)), tensor(rows.Targets));
    }

    private sealed class Watching(Action step) : ITrainingObserver
    {
        public void Stepped(TrainingStep taken) => step();
    }

    private sealed class Fixed(params TokenBatch[] batches) : IBatchSource
    {
        public int CountBatches(int epoch) => batches.Length;

        public IEnumerable<TokenBatch> Epoch(int epoch) => batches;
    }

    private sealed class Unreplicable : nn.Module, IReplicable
    {
        private readonly TorchSharp.Modules.Parameter first = new(zeros(3)), second = new(zeros(3));

        public Unreplicable() : base(nameof(Unreplicable))
        {
            register_parameter(nameof(first), first);
            register_parameter(nameof(second), second);
        }

        public nn.Module CreateLike() => throw new InvalidOperationException("no memory for a replica");

        public void Reseed(RandomStream dropout)
        {
        }
    }

    /// <summary>Ends training after a step.</summary>
    private sealed class Cancelling(CancellationTokenSource cancellation) : ITrainingObserver
    {
        public void Stepped(TrainingStep step) => cancellation.Cancel();
    }

    private sealed class Counted(IBatchSource source) : IBatchSource
    {
        public int Counts { get; private set; }

        public int CountBatches(int epoch)
        {
            Counts++;
            return source.CountBatches(epoch);
        }

        public IEnumerable<TokenBatch> Epoch(int epoch) => source.Epoch(epoch);
    }

    private sealed class Repeated(IBatchSource source) : IBatchSource
    {
        public int CountBatches(int epoch) => source.CountBatches(0);

        public IEnumerable<TokenBatch> Epoch(int epoch) => source.Epoch(0);
    }

    /// <summary>Each batch cut into equal parts.</summary>
    private sealed class Split(IBatchSource source, int parts) : IBatchSource
    {
        public int CountBatches(int epoch) => source.CountBatches(epoch) * parts;

        public IEnumerable<TokenBatch> Epoch(int epoch) =>
            source.Epoch(epoch).SelectMany(batch => Enumerable.Range(0, parts).Select(part => batch.Slice(part * batch.Rows / parts, batch.Rows / parts)));
    }

    private sealed class Log : ITrainingObserver
    {
        public List<string> Lines { get; } = [];

        public List<TrainingStep> Steps { get; } = [];

        public List<TrainingValidation> Validations { get; } = [];

        public Action<TrainingValidation>? OnValidation { get; init; }

        public Action<TrainingStep>? OnStep { get; init; }

        public void Started(TrainingStart start) => Lines.Add("started");

        public void Stepped(TrainingStep step)
        {
            Lines.Add($"step {step.Step}");
            Steps.Add(step);
            OnStep?.Invoke(step);
        }

        public void Validated(TrainingValidation validation)
        {
            Lines.Add("validated");
            Validations.Add(validation);
            OnValidation?.Invoke(validation);
        }

        public void EpochEnded(TrainingEpoch epoch) => Lines.Add($"epoch {epoch.Epoch}");

        public void Finished(TrainingResult result) => Lines.Add($"finished {result.StopReason}");
    }
}
