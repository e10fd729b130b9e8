using System.Text;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Training.Observers.ObserverRuns;

namespace Microsoft.ML.LlmFineTune.Tests.Training.Observers;

public sealed class TensorBoardLogTests
{
    [Fact]
    public void Everything_that_happened_is_an_event()
    {
        string folder = Path.Combine(ScratchFolder.New(), "runs", "a");
        Everything all = new();
        InGermany(() => Train(all, new TensorBoardLog(folder)));
        string file = Assert.Single(Directory.GetFiles(folder));
        Assert.Matches($@"^events\.out\.tfevents\.\d{{10}}\.[\w.-]+\.{Environment.ProcessId}\.0$", Path.GetFileName(file));
        List<EventRecord> events = EventFile.Read(file);
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.All(events.Skip(1), one => Assert.Null(one.FileVersion));
        Assert.All(events, one => Assert.InRange(one.WallTime, 1.6e9, 1e10));
        EventValue options = Assert.Single(events[1].Values);
        Assert.Equal(("training/options", "text"), (options.Tag, options.Plugin));
        Assert.Contains("| Optimizer.LearningRate | 0.05 |", options.Text!, StringComparison.Ordinal);
        Assert.Equal((1, 1L), (events[2].Step, events[2].SessionStatus));
        Assert.Equal(all.Steps.Select(step => (step.Step, (float?)step.Loss)), Scalars(events, "training/loss"));
        Assert.Equal(all.Steps.Select(step => (step.Step, (float?)step.LearningRate)), Scalars(events, "training/learning_rate"));
        Assert.Equal(all.Steps.Select(step => (step.Step, (float?)step.GradientNorm)), Scalars(events, "training/gradient_norm"));
        Assert.Equal(all.Steps.Select(step => (step.Step, (float?)step.TokensPerSecond)), Scalars(events, "training/tokens_per_second"));
        Assert.Equal(all.Epochs.Select(epoch => (epoch.Step, (float?)epoch.Loss)), Scalars(events, "training/epoch_loss"));
        Assert.Equal(all.Validations.Select(validation => (validation.Step, (float?)validation.Loss)), Scalars(events, "validation/loss"));
        Assert.Equal(all.Validations.Select(validation => (validation.Step, (float?)validation.Metrics["accuracy"])), Scalars(events, "validation/accuracy"));
        Assert.StartsWith("Completed after 8 steps", events[^1].Values.Single().Text!, StringComparison.Ordinal);
    }

    [Fact]
    public void Going_on_adds_a_file_that_says_from_where()
    {
        string folder = ScratchFolder.New();
        StandingClock clock = new();
        TensorBoardLog log = new(folder) { Clock = clock, StepInterval = 4 };
        Train(log);
        Train(new Later(log, 6));
        string[] files = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
        Assert.Equal([".0", ".1"], files.Select(Path.GetExtension));
        List<EventRecord> second = EventFile.Read(files[1]);
        Assert.Equal(7, second.Single(one => one.SessionStatus is not null).Step);
        Assert.Equal([8L, 12], Scalars(second, "training/loss").Select(point => point.Step));
    }

    [Fact]
    public void A_full_disk_ends_training_and_leaves_whole_records()
    {
        string folder = ScratchFolder.New();
        IOException thrown = Assert.Throws<IOException>(() => Train(new TensorBoardLog(folder) { OpenFile = file => new FullDisk(file, 1500) }));
        Assert.Contains("No space left", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(folder, thrown.Message, StringComparison.Ordinal);
        Assert.NotEmpty(EventFile.Read(Assert.Single(Directory.GetFiles(folder))));
    }

    [Fact]
    public void Checksums_are_those_of_the_standard()
    {
        // RFC 3720, appendix B.4, and the check value of the catalogues.
        Assert.Equal(0x8A9136AAu, RecordFrame.Checksum(new byte[32]));
        Assert.Equal(0x46DD794Eu, RecordFrame.Checksum([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
        Assert.Equal(0xE3069283u, RecordFrame.Checksum("123456789"u8));
        for (int length = 0; length < 40; length++)
        {
            byte[] data = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 37))];
            Assert.Equal(EventFile.Crc32C(data), RecordFrame.Checksum(data));
        }
    }

    [Fact]
    public void Texts_do_not_break_the_table()
    {
        string folder = ScratchFolder.New();
        new TensorBoardLog(folder).Started(new TrainingStart(Options, new LlmFineTune.Runtime.ReplicaPlan(1, 1, "a|b\n<i>"), 1, 8, "cpu"));
        string text = EventFile.Read(Directory.GetFiles(folder).Single())[1].Values.Single().Text!;
        Assert.Contains("(a\\|b &lt;i>) |", text, StringComparison.Ordinal);
    }

    private static IEnumerable<(long Step, float? Value)> Scalars(List<EventRecord> events, string tag) =>
        events.SelectMany(one => one.Values.Where(value => value.Tag == tag).Select(value => (one.Step, value.Scalar)));
}
