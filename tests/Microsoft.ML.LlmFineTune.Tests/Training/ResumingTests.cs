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

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class ResumingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("run").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private TrainingOptions Options => new()
    {
        Epochs = 3, AccumulatedBatches = 2, Optimizer = new AdamWOptions { LearningRate = 0.05 }, ValidationInterval = 7, Replicas = 2, Seed = 4, Device = ComputeDevice.Cpu,
        Checkpoints = new CheckpointOptions { Folder = _folder, EverySteps = 4, EveryMinutes = null },
    };

    private static ToyBatches Training => new(11, 6, 5);

    private static ToyBatches Validation => new(2, 6, 5, seed: 9);

    private static ToyModel NewModel() => new(dropout: 0.3, initialization: new RandomStream(1));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(13)]
    public void An_interrupted_run_ends_as_an_uninterrupted_one_bit_by_bit(int interruption)
    {
        using ToyModel whole = NewModel();
        TrainingResult expected = new Trainer(whole, new ToyObjective(), Options with { Checkpoints = null }).Train(Training, Validation);
        Assert.Equal(18, expected.Steps);
        Assert.Throws<InvalidOperationException>(() => Interrupted(interruption));
        using ToyModel resumed = NewModel();
        Seen seen = new();
        TrainingResult actual = new Trainer(resumed, new ToyObjective(), Options, seen).Train(Training, Validation);
        Assert.Equal(interruption / 4 * 4, seen.ResumedAt ?? 0);
        Assert.Equal(whole.Values(), resumed.Values());
        Assert.Equal((expected.Steps, expected.WeightsStep, expected.Tokens, expected.FinalLoss, expected.Epochs), (actual.Steps, actual.WeightsStep, actual.Tokens, actual.FinalLoss, actual.Epochs));
        Assert.Equal(expected.Validations.Select(one => (one.Step, one.Loss, one.Best)), actual.Validations.Select(one => (one.Step, one.Loss, one.Best)));
        Assert.Equal(18 - (interruption / 4 * 4), seen.Steps);
    }

    [Fact]
    public void A_cancelled_run_goes_on_where_it_was()
    {
        using ToyModel whole = NewModel();
        new Trainer(whole, new ToyObjective(), Options with { Checkpoints = null }).Train(Training, Validation);
        using (CancellationTokenSource cancellation = new())
        using (ToyModel cancelled = NewModel())
        {
            TrainingResult result = new Trainer(cancelled, new ToyObjective(), Options, new Seen { OnStep = step => { if (step == 6) cancellation.Cancel(); } }).Train(Training, Validation, cancellation.Token);
            Assert.Equal((TrainingStopReason.Cancelled, 6L), (result.StopReason, result.Steps));
        }
        using ToyModel resumed = NewModel();
        Seen seen = new();
        new Trainer(resumed, new ToyObjective(), Options, seen).Train(Training, Validation);
        Assert.Equal(6, seen.ResumedAt);
        Assert.Equal(whole.Values(), resumed.Values());
    }

    [Fact]
    public void A_finished_run_gives_its_result_again_without_a_step()
    {
        using ToyModel first = NewModel(), second = NewModel();
        TrainingResult expected = new Trainer(first, new ToyObjective(), Options).Train(Training, Validation);
        Seen seen = new();
        TrainingResult actual = new Trainer(second, new ToyObjective(), Options, seen).Train(Training, Validation);
        Assert.Equal(0, seen.Steps);
        Assert.Equal((expected.StopReason, expected.Steps, expected.WeightsStep), (actual.StopReason, actual.Steps, actual.WeightsStep));
        Assert.Equal(first.Values(), second.Values());
    }

    [Theory]
    [InlineData("weights.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("state.json")]
    [InlineData("files.json")]
    public void A_damaged_state_is_passed_over_for_the_one_before(string file)
    {
        using ToyModel whole = NewModel();
        new Trainer(whole, new ToyObjective(), Options with { Checkpoints = null }).Train(Training, Validation);
        Assert.Throws<InvalidOperationException>(() => Interrupted(13));
        string newest = Directory.EnumerateDirectories(_folder, "step-*").Max(StringComparer.Ordinal)!;
        Assert.EndsWith("12", newest, StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(Path.Combine(newest, file));
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(Path.Combine(newest, file), bytes);
        using ToyModel resumed = NewModel();
        Seen seen = new();
        new Trainer(resumed, new ToyObjective(), Options, seen).Train(Training, Validation);
        Assert.Equal(8, seen.ResumedAt);
        Assert.Contains(newest, Assert.Single(seen.PassedOver!), StringComparison.Ordinal);
        Assert.Equal(whole.Values(), resumed.Values());
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{"Seed": null}""")]
    [InlineData("[]")]
    [InlineData("")]
    public void A_run_that_does_not_say_which_it_is_is_neither_gone_on_with_nor_overwritten(string identity)
    {
        Assert.Throws<InvalidOperationException>(() => Interrupted(5));
        File.WriteAllText(Path.Combine(_folder, "run.json"), identity);
        using ToyModel model = NewModel();
        string message = Assert.Throws<InvalidDataException>(() => new Trainer(model, new ToyObjective(), Options).Train(Training, Validation)).Message;
        Assert.Contains("run.json' cannot be read", message, StringComparison.Ordinal);
        Assert.Contains("to begin anew", message, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.EnumerateDirectories(_folder, "step-*"));
    }

    [Theory]
    [InlineData("best-*", null)]
    [InlineData("step-*", "{}")]
    public void States_that_lack_files_are_not_gone_on_from(string folders, string? list)
    {
        Assert.Throws<InvalidOperationException>(() => Interrupted(13));
        foreach (string folder in Directory.GetDirectories(_folder, folders))
        {
            if (list is null) Directory.Delete(folder, recursive: true);
            else File.WriteAllText(Path.Combine(folder, "files.json"), list);
        }
        using ToyModel model = NewModel();
        Assert.Contains("can be gone on from", Assert.Throws<InvalidDataException>(() => new Trainer(model, new ToyObjective(), Options).Train(Training, Validation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_all_states_are_damaged_it_says_so()
    {
        Assert.Throws<InvalidOperationException>(() => Interrupted(13));
        foreach (string state in Directory.EnumerateDirectories(_folder, "step-*")) File.Delete(Path.Combine(state, "weights.safetensors"));
        using ToyModel model = NewModel();
        Assert.Contains("begin anew", Assert.Throws<InvalidDataException>(() => new Trainer(model, new ToyObjective(), Options).Train(Training, Validation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_run_is_told_apart_by_what_differs()
    {
        Assert.Throws<InvalidOperationException>(() => Interrupted(5));
        Differs(Options with { Seed = 5 }, Training, Validation, "Seed was 4 and is 5");
        Differs(Options with { Optimizer = new AdamWOptions { LearningRate = 0.02 } }, Training, Validation, "Optimizer.LearningRate was 0.05 and is 0.02");
        Differs(Options with { Optimizer = new AdamWOptions { LearningRate = 0.05, Beta2 = 0.9 }, MaximumGradientNorm = null }, Training, Validation, "MaximumGradientNorm was 1 and is none; Optimizer.Beta2 was 0.999 and is 0.9");
        Differs(Options, new ToyBatches(11, 6, 5, seed: 2), Validation, "training data was 11 batches");
        Differs(Options, Training, null, "validation data was 2 batches");
        using ToyModel other = new(dropout: 0.3, initialization: new RandomStream(2));
        Assert.Contains("model's weights", Assert.Throws<ArgumentException>(() => new Trainer(other, new ToyObjective(), Options).Train(Training, Validation)).Message, StringComparison.Ordinal);
        Differs(Options with { Replicas = 1 }, Training, Validation, "Leave Replicas null");

        static void Differs(TrainingOptions options, IBatchSource training, IBatchSource? validation, string says)
        {
            using ToyModel model = NewModel();
            string message = Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), options).Train(training, validation)).Message;
            Assert.Contains(says, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Long_values_are_shown_where_they_differ()
    {
        static Dictionary<string, string> Model(string label) => new() { ["model"] = $"gpt2 {new string('a', 500)} \"label\": \"{label}\", {new string('b', 500)}" };
        string difference = Assert.Single(RunIdentity.Differences(Model("good"), Model("bad")));
        Assert.StartsWith("model was ...aaa", difference, StringComparison.Ordinal);
        Assert.Contains("\"label\": \"good\"", difference, StringComparison.Ordinal);
        Assert.Contains(" and is ...aaa", difference, StringComparison.Ordinal);
        Assert.Contains("\"label\": \"bad\"", difference, StringComparison.Ordinal);
        Assert.InRange(difference.Length, 400, 450);
        // One that ends before the other differs goes on where it can.
        Assert.Contains(new string('c', 200), Assert.Single(RunIdentity.Differences(new Dictionary<string, string> { ["x"] = new('c', 300) }, new Dictionary<string, string> { ["x"] = new('c', 301) })), StringComparison.Ordinal);
    }

    [Fact]
    public void Few_states_are_kept_and_one_run_at_a_time_has_the_folder()
    {
        using ToyModel model = NewModel();
        using ToyModel second = NewModel();
        Exception? refused = null;
        Seen seen = new() { OnStep = step => { if (step == 5) refused = Record.Exception(() => new Trainer(second, new ToyObjective(), Options).Train(Training, Validation)); } };
        new Trainer(model, new ToyObjective(), Options, seen).Train(Training, Validation);
        Assert.Contains("in use by another run", Assert.IsType<IOException>(refused).Message, StringComparison.Ordinal);
        Assert.Equal(2, Directory.EnumerateDirectories(_folder, "step-*").Count());
        Assert.InRange(Directory.EnumerateDirectories(_folder, "best-*").Count(), 1, 2);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder, "*.tmp"));
        Assert.Equal([4L, 8, 12, 16, 18], seen.SavedAt);
    }

    [Fact]
    public void A_state_whose_best_weights_are_gone_or_whose_list_is_empty_is_passed_over()
    {
        Assert.Throws<InvalidOperationException>(() => Interrupted(16));
        Directory.Delete(Directory.EnumerateDirectories(_folder, "best-*").Max(StringComparer.Ordinal)!, recursive: true);
        Assert.Equal(12, Resumed().ResumedAt);
        Directory.Delete(_folder, recursive: true);
        Assert.Throws<InvalidOperationException>(() => Interrupted(16));
        File.WriteAllText(Path.Combine(Directory.EnumerateDirectories(_folder, "step-*").Max(StringComparer.Ordinal)!, "files.json"), "{}");
        Assert.Equal(12, Resumed().ResumedAt);

        Seen Resumed()
        {
            using ToyModel model = NewModel();
            Seen seen = new();
            new Trainer(model, new ToyObjective(), Options, seen).Train(Training, Validation);
            return seen;
        }
    }

    [Fact]
    public void States_of_which_nobody_knows_the_run_are_refused()
    {
        Assert.Throws<InvalidOperationException>(() => Interrupted(13));
        File.Delete(Path.Combine(_folder, "run.json"));
        Directory.CreateDirectory(Path.Combine(_folder, $"step-0000000016.{Guid.NewGuid():N}.tmp"));
        Refused("step-0000000008, step-0000000012, best-");
        // The best weights alone are worth keeping, too: they are written before the first state is.
        foreach (string state in Directory.GetDirectories(_folder, "step-*")) Directory.Delete(state, recursive: true);
        Refused("(best-");

        void Refused(string found)
        {
            string[] before = [.. Directory.EnumerateFileSystemEntries(_folder, "*", SearchOption.AllDirectories).Where(entry => Path.GetFileName(entry) != "lock").Order(StringComparer.Ordinal)];
            using ToyModel model = NewModel();
            string message = Assert.Throws<InvalidDataException>(() => new Trainer(model, new ToyObjective(), Options).Train(Training, Validation)).Message;
            Assert.Contains(found, message, StringComparison.Ordinal);
            Assert.Contains("no run.json that says of which run they are: they are neither gone on from nor overwritten. Put it back, give another folder, or delete this one", message, StringComparison.Ordinal);
            Assert.Equal(before, Directory.EnumerateFileSystemEntries(_folder, "*", SearchOption.AllDirectories).Where(entry => Path.GetFileName(entry) != "lock").Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void What_no_run_has_written_stays_in_the_folder()
    {
        string[] others = ["notes.tmp", "best-recipes", "step-by-step", "step-0000000001.draft.tmp"];
        foreach (string other in others) Directory.CreateDirectory(Path.Combine(_folder, other));
        string unfinished = Path.Combine(_folder, $"step-0000000002.{Guid.NewGuid():N}.tmp");
        Directory.CreateDirectory(unfinished);
        using ToyModel model = NewModel();
        new Trainer(model, new ToyObjective(), Options).Train(Training, Validation);
        Assert.All(others, other => Assert.True(Directory.Exists(Path.Combine(_folder, other)), other));
        Assert.False(Directory.Exists(unfinished));
        Assert.Equal(3, Directory.EnumerateDirectories(_folder, "step-*").Count(folder => !others.Contains(Path.GetFileName(folder))) + 1);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused_by_the_options_name()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        using ToyModel model = NewModel();
        Assert.Contains("Checkpoints.Folder", Assert.Throws<IOException>(() => new Trainer(model, new ToyObjective(), Options with { Checkpoints = new CheckpointOptions { Folder = file } }).Train(Training, Validation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_diverges_soon_after_it_was_resumed_has_the_weights_that_it_was_resumed_with()
    {
        Assert.Throws<InvalidOperationException>(() => Interrupted(5));
        using ToyModel model = NewModel();
        int calls = 0;
        TrainingOptions options = Options;
        // Two replicas, two batches a step: the second resumed step is spoilt.
        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(() => new Trainer(model, new ToyObjective(() => Interlocked.Increment(ref calls) > 4 ? double.NaN : 1), options).Train(Training, Validation));
        Assert.Equal((5L, 4L), (error.Result.Steps, error.Result.WeightsStep));
    }

    [Fact]
    public void Another_adapter_is_told_apart_by_its_options()
    {
        Begin(new LoraOptions());
        foreach ((LoraOptions other, string says) in ((LoraOptions, string)[])[(new LoraOptions { Alpha = 64 }, "adapter.Alpha was 8 and is 64"), (new LoraOptions { Dropout = 0.5 }, "adapter.Dropout was 0 and is 0.5")])
            Assert.Contains(says, Assert.Throws<ArgumentException>(() => Begin(other)).Message, StringComparison.Ordinal);
        // Where its base is says nothing of the run.
        Assert.Equal(2, Begin(new LoraOptions { BaseModel = "elsewhere" }));

        long? Begin(LoraOptions lora)
        {
            using DecoderModel model = Adapted.Model(Adapted.Gpt2);
            ModelAdapters.Attach(model, lora);
            Seen seen = new();
            TrainingOptions options = new() { Epochs = null, MaximumSteps = 2, Device = ComputeDevice.Cpu, Checkpoints = new CheckpointOptions { Folder = _folder } };
            new Trainer(model, new NextTokenObjective(), options, seen).Train(new CausalPackedBatches([[1, 2, 3, 4, 5, 6, 7]], 0, 4, 1, null));
            return seen.ResumedAt;
        }
    }

    private void Interrupted(int step)
    {
        using ToyModel model = NewModel();
        new Trainer(model, new ToyObjective(), Options, new Seen { OnStep = at => { if (at == step + 1) throw new InvalidOperationException("the machine went down"); } }).Train(Training, Validation);
    }

    private sealed class Seen : ITrainingObserver
    {
        public long? ResumedAt { get; private set; }

        public IReadOnlyList<string>? PassedOver { get; private set; }

        public int Steps { get; private set; }

        public List<long> SavedAt { get; } = [];

        public Action<long>? OnStep { get; init; }

        public void Resumed(TrainingResumption resumption) => (ResumedAt, PassedOver) = (resumption.Step, resumption.PassedOver);

        public void Saved(TrainingSave save) => SavedAt.Add(save.Step);

        public void Stepped(TrainingStep step)
        {
            Steps++;
            OnStep?.Invoke(step.Step);
        }
    }
}
