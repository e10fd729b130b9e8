using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Training.Observers.ObserverRuns;

namespace Microsoft.ML.LlmFineTune.Tests.Training.Observers;

public sealed class TrainingProgressTests
{
    private static readonly TrainingStart Start = new(Options, new ReplicaPlan(2, 1, "test"), 12345, 2000, "cpu");

    [Fact]
    public void In_a_file_lines_follow_one_another()
    {
        StringWriter writer = new();
        InGermany(() => Train(new TrainingProgress(writer) { Title = "Toy", Interval = TimeSpan.Zero }));
        string[] lines = writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain('\r', writer.ToString());
        Assert.All(lines, line => Assert.StartsWith("Toy: ", line, StringComparison.Ordinal));
        Assert.Equal(1 + 8 + 2 + 1, lines.Length);
        Assert.Matches(@"^Toy: [\d,]+ parameters on cpu, 8 steps; 1 x \d+ threads$", lines[0]);
        Assert.Matches(@"^Toy: step 1/8, epoch 1/2, loss \d\.\d{4}, learning rate 0\.05, [\d,]+ tokens/s, 0:\d\d left$", lines[1]);
        Assert.Matches(@"^Toy: validation after step 4: loss \d\.\d{4}, accuracy \d\.\d{4}, the best so far$", lines[5]);
        Assert.Matches(@"^Toy: step 5/8, epoch 2/2, loss .* left, validation loss \d\.\d{4}, accuracy \d\.\d{4}$", lines[6]);
        Assert.Matches(@"^Toy: Completed after 8 steps in 0:\d\d, weights of step 8, best validation: loss \d\.\d{4}, accuracy \d\.\d{4}$", lines[^1]);
    }

    [Fact]
    public void In_place_one_line_stands_and_others_stay()
    {
        StringWriter writer = new();
        StandingClock clock = new();
        TrainingProgress progress = new(writer) { InPlace = true, Columns = () => 40, Clock = clock };
        progress.Started(Start);
        progress.Stepped(Step(1, loss: 2));
        progress.Stepped(Step(2, loss: 2));
        clock.Passed += TimeSpan.FromSeconds(0.2);
        progress.Stepped(Step(3, loss: 2));
        progress.Validated(new TrainingValidation(3, 1.5, new Dictionary<string, double>(), 10));
        Assert.Equal("12,345 parameters on cpu, 2,000 steps; 2 x 1 threads\n"
            + "\rstep 1/2,000, epoch 1/2, loss 2.0000, l"
            + "\rstep 3/2,000, epoch 1/2, loss 2.0000, l"
            + "\rvalidation after step 3: loss 1.5000    \n".Replace("    \n", "   \n", StringComparison.Ordinal), writer.ToString());
    }

    [Fact]
    public void A_shorter_line_wipes_the_longer_one()
    {
        StringWriter writer = new();
        TrainingProgress progress = new(writer) { InPlace = true, Columns = () => 200, Interval = TimeSpan.Zero };
        progress.Started(Start);
        progress.Stepped(Step(1000, loss: 2));
        progress.Stepped(Step(1, loss: 2));
        string[] lines = writer.ToString().Split('\r');
        Assert.Equal(lines[1].Length, lines[2].Length);
        Assert.EndsWith(" ", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_come_now_and_then_and_the_loss_is_a_mean()
    {
        StringWriter writer = new();
        StandingClock clock = new();
        TrainingProgress progress = new(writer) { Smoothing = 0.5, Clock = clock };
        progress.Started(Start);
        for (int step = 1; step <= 100; step++)
        {
            progress.Stepped(Step(step, loss: step == 100 ? 4 : step == 50 ? double.NaN : 1));
            clock.Passed += TimeSpan.FromSeconds(1);
        }
        string[] lines = writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["step 1", "step 11", "step 21", "step 31", "step 41", "step 51", "step 61", "step 71", "step 81", "step 91"], lines.Skip(1).Select(line => line.Split('/')[0]));
        Assert.All(lines.Skip(1), line => Assert.Contains("loss 1.0000", line, StringComparison.Ordinal));
        progress.Stepped(Step(101, loss: 4));
        Assert.Contains("loss 3.2500", writer.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(59.6, "1:00")]
    [InlineData(3599, "59:59")]
    [InlineData(3661, "1:01:01")]
    [InlineData(2 * 86400 + 61, "2 d 0:01:01")]
    public void Times_are_written_for_people(double seconds, string text) => Assert.Equal(text, TrainingProgress.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Steps_without_end_have_no_time_left()
    {
        StringWriter writer = new();
        TrainingProgress progress = new(writer);
        progress.Started(Start with { TotalSteps = long.MaxValue });
        progress.Stepped(Step(7, loss: 1) with { TotalSteps = long.MaxValue, Remaining = TimeSpan.MaxValue });
        Assert.Contains("step 7, epoch", writer.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("left", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_writer_that_fails_ends_training_and_a_title_moves_no_cursor()
    {
        Assert.Contains("progress", Assert.Throws<IOException>(() => Train(new TrainingProgress(new Full()))).Message, StringComparison.Ordinal);
        StringWriter writer = new();
        new TrainingProgress(writer) { Title = "a\u001b[2Jb" }.Started(Start);
        Assert.StartsWith("a\uFFFD[2Jb: ", writer.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrainingProgress(writer) { Smoothing = 1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrainingProgress(writer) { Interval = TimeSpan.FromSeconds(-1) });
    }

    private static TrainingStep Step(long step, double loss) => new(step, 2000, 0, loss, 0.001, 1, 30, 12345, TimeSpan.FromSeconds(90));

    private sealed class Full : StringWriter
    {
        public override void Write(string? value) => throw new IOException("No space left on device.");
    }
}
