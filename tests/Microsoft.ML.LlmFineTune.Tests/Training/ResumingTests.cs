// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
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
