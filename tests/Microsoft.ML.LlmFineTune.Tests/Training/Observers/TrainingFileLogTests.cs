using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Training.Observers.ObserverRuns;

namespace Microsoft.ML.LlmFineTune.Tests.Training.Observers;

public sealed class TrainingFileLogTests
{
    private const string Columns = "event,step,time,epoch,loss,learningRate,gradientNorm,tokens,tokensPerSecond,targets,best";

    public static TheoryData<string> Endings => ["csv", "jsonl"];

    [Fact]
    public void A_table_has_a_row_for_everything_that_happened()
    {
        string path = New("csv");
        Everything all = new();
        InGermany(() => Train(all, Log(path)));
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(Columns + ",metrics.accuracy", lines[0]);
        string[][] rows = [.. lines.Skip(1).Select(line => line.Split(','))];
        Assert.All(rows, row => Assert.Equal(12, row.Length));
        Assert.Equal(["step 1", "step 2", "step 3", "step 4", "epoch 4", "validation 4", "step 5", "step 6", "step 7", "step 8", "epoch 8", "validation 8"], rows.Select(row => $"{row[0]} {row[1]}"));
        string[][] steps = [.. rows.Where(row => row[0] == "step")];
        Assert.Equal(all.Steps.Select(step => step.Loss), steps.Select(row => Number(row[4])));
        Assert.Equal(all.Steps.Select(step => step.LearningRate), steps.Select(row => Number(row[5])));
        Assert.Equal(all.Steps.Select(step => step.GradientNorm), steps.Select(row => Number(row[6])));
        Assert.Equal(all.Steps.Select(step => step.TokensPerSecond), steps.Select(row => Number(row[8])));
        Assert.All(steps, row => Assert.Equal(("30", "", "", ""), (row[7], row[9], row[10], row[11])));
        Assert.Equal(["0", "0", "0", "0", "0", "0", "1", "1", "1", "1", "1", "1"], rows.Select(row => row[3]));
        Assert.Equal(all.Validations.Select(validation => (validation.Loss, validation.Targets, validation.Best ? "true" : "false", validation.Metrics["accuracy"])),
            rows.Where(row => row[0] == "validation").Select(row => (Number(row[4]), Number(row[9]), row[10], Number(row[11]))));
        Assert.Equal(all.Epochs.Select(epoch => epoch.Loss), rows.Where(row => row[0] == "epoch").Select(row => Number(row[4])));
        Assert.All(rows, row => Assert.True(DateTimeOffset.TryParseExact(row[2], "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _), row[2]));
    }

    [Fact]
    public void Lines_of_JSON_have_an_object_for_everything_that_happened()
    {
        string path = New("jsonl");
        Everything all = new();
        TrainingResult result = InGermany(() => Train(all, Log(path)));
        JsonNode[] rows = Json(path);
        Assert.Equal(["start 0", "step 1", "step 2", "step 3", "step 4", "epoch 4", "validation 4", "step 5", "step 6", "step 7", "step 8", "epoch 8", "validation 8", "end 8"], rows.Select(row => $"{row["event"]} {row["step"]}"));
        Assert.Equal(all.Steps.Select(step => (step.Loss, step.LearningRate, step.GradientNorm, step.Tokens, step.TokensPerSecond, step.Epoch)), rows.Where(row => (string)row["event"]! == "step")
            .Select(row => ((double)row["loss"]!, (double)row["learningRate"]!, (double)row["gradientNorm"]!, (long)row["tokens"]!, (double)row["tokensPerSecond"]!, (int)row["epoch"]!)));
        Assert.Equal(all.Validations.Select(validation => (validation.Loss, validation.Targets, validation.Best, validation.Metrics["accuracy"])), rows.Where(row => (string)row["event"]! == "validation")
            .Select(row => ((double)row["loss"]!, (double)row["targets"]!, (bool)row["best"]!, (double)row["metrics"]!["accuracy"]!)));
        JsonNode start = rows[0], end = rows[^1];
        Assert.Equal((8, "cpu", 1), ((int)start["totalSteps"]!, (string)start["device"]!, (int)start["replicas"]!));
        Assert.Equal((2, 0.05, "LinearSchedule", true), ((int)start["options"]!["Epochs"]!, (double)start["options"]!["Optimizer.LearningRate"]!, (string)start["options"]!["Schedule"]!, (bool)start["options"]!["RestoreBest"]!));
        Assert.Null(start["options"]!["MaximumSteps"]);
        Assert.True(start["options"]!.AsObject().ContainsKey("MaximumSteps"));
        Assert.Equal(("Completed", result.WeightsStep, 2, result.Tokens), ((string)end["reason"]!, (long)end["weightsStep"]!, (int)end["epochs"]!, (long)end["tokens"]!));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void Steps_that_are_taken_again_are_not_there_twice(string ending)
    {
        string path = New(ending);
        Train(Log(path));
        string[] before = File.ReadAllLines(path);
        // Saved after step 6; steps 7 and 8 are done again.
        Train(new Later(Log(path), 6));
        string[] after = File.ReadAllLines(path);
        int kept = Array.FindIndex(before, line => Step(line) == 7);
        Assert.Equal(before[..kept], after[..kept]);
        Assert.Equal(Enumerable.Range(1, 14).Select(step => (long)step), after.Where(line => Event(line) == "step").Select(Step));
        Assert.Equal([4L, 10, 14], after.Where(line => Event(line) == "validation").Select(Step));
        Assert.Equal(ending == "csv" ? [] : [0L, 6], after.Where(line => Event(line) == "start").Select(Step));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void Training_that_starts_anew_keeps_the_file_of_the_last_one(string ending)
    {
        string path = New(ending), folder = Path.GetDirectoryName(path)!;
        Train(Log(path));
        string first = File.ReadAllText(path);
        TrainingFileLog log = Log(path);
        Train(log);
        string second = File.ReadAllText(path);
        // The same instance may watch another training.
        Train(log);
        Assert.Equal(first, File.ReadAllText(Path.Combine(folder, $"log.1.{ending}")));
        Assert.Equal(second, File.ReadAllText(Path.Combine(folder, $"log.2.{ending}")));
        Assert.Equal(8, File.ReadLines(path).Count(line => Event(line) == "step"));
        Assert.Equal(3, Directory.GetFiles(folder).Length);
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void A_row_that_a_crash_left_unfinished_goes(string ending)
    {
        string path = New(ending);
        Train(Log(path));
        int rows = File.ReadAllLines(path).Length;
        File.AppendAllText(path, ending == "csv" ? "step,9,20" : "{\"event\":\"st");
        Train(new Later(Log(path), 8));
        Assert.Equal(rows + (ending == "csv" ? 12 : 14), File.ReadAllLines(path).Length);
        Assert.Equal(Enumerable.Range(1, 16).Select(step => (long)step), File.ReadLines(path).Where(line => Event(line) == "step").Select(Step));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void A_validation_before_the_first_step_is_not_there_twice(string ending)
    {
        string path = New(ending);
        Train(Log(path));
        TrainingFileLog log = Log(path);
        log.Started(new TrainingStart(Options, new LlmFineTune.Runtime.ReplicaPlan(1, 1, "test"), 1, 8, "cpu"));
        log.Validated(new TrainingValidation(4, 1, new Dictionary<string, double> { ["accuracy"] = 0.5 }, 1));
        string[] lines = File.ReadAllLines(path);
        Assert.Single(lines, line => Event(line) == "validation");
        Assert.Equal(4, Step(lines[^1]));
        Assert.Equal(4, lines.Count(line => Event(line) == "step"));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void Only_every_so_many_steps_get_a_row(string ending)
    {
        string path = New(ending);
        Train(ending == "csv" ? new CsvTrainingLog(path) { StepInterval = 3 } : new JsonLinesTrainingLog(path) { StepInterval = 3 });
        Assert.Equal([3L, 6], File.ReadLines(path).Where(line => Event(line) == "step").Select(Step));
        Assert.Equal(2, File.ReadLines(path).Count(line => Event(line) == "validation"));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CsvTrainingLog(path) { StepInterval = 0 });
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void A_file_of_something_else_is_left_alone(string ending)
    {
        string path = New(ending);
        File.WriteAllText(path, "my only copy\n");
        InvalidDataException thrown = Assert.Throws<InvalidDataException>(() => Train(Log(path)));
        Assert.Contains(path, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("my only copy", thrown.Message, StringComparison.Ordinal);
        Assert.Equal("my only copy\n", File.ReadAllText(path));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void A_full_disk_ends_training_and_leaves_whole_rows(string ending)
    {
        string path = New(ending);
        TrainingFileLog log = Log(path, file => new FullDisk(file, 5000));
        IOException thrown = Assert.Throws<IOException>(() => { for (int i = 0; i < 10; i++) Train(i == 0 ? log : new Later(log, 8 * i)); });
        Assert.Contains(path, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("No space left", thrown.Message, StringComparison.Ordinal);
        string text = File.ReadAllText(path);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 100, 5000);
        // It can be gone on from.
        long last = File.ReadLines(path).Where(line => Event(line) == "step").Select(Step).DefaultIfEmpty(0).Max();
        Train(new Later(Log(path), last));
        Assert.Equal(last + 8, File.ReadLines(path).Where(line => Event(line) == "step").Count());
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void Steps_reach_the_file_now_and_then(string ending)
    {
        string path = New(ending);
        StandingClock clock = new();
        int opened = 0;
        FileStream Open(string file)
        {
            opened++;
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write);
        }
        TrainingFileLog log = ending == "csv" ? new CsvTrainingLog(path) { Clock = clock, OpenFile = Open } : new JsonLinesTrainingLog(path) { Clock = clock, OpenFile = Open };
        log.Started(new TrainingStart(Options, new LlmFineTune.Runtime.ReplicaPlan(1, 1, "test"), 1, 1000, "cpu"));
        int atStart = opened;
        for (int step = 1; step <= 500; step++)
        {
            clock.Passed += TimeSpan.FromMilliseconds(5);
            log.Stepped(new TrainingStep(step, 1000, 0, 1, 1, 1, 1, 1, TimeSpan.Zero));
        }
        Assert.Equal(5, opened - atStart);
        Assert.Equal(500, File.ReadLines(path).Count(line => Event(line) == "step"));
    }

    [Fact]
    public void What_is_no_number_and_names_that_need_quotes_are_written()
    {
        foreach (string ending in (string[])["csv", "jsonl"])
        {
            string path = New(ending);
            TrainingFileLog log = Log(path);
            for (int run = 0; run < 2; run++)
            {
                log.Started(new TrainingStart(Options, new LlmFineTune.Runtime.ReplicaPlan(1, 1, "test"), 1, 8, "cpu"));
                log.Stepped(new TrainingStep(1 + run, 8, 0, double.NaN, double.NegativeInfinity, 1e-300, 5, 1, TimeSpan.Zero));
                log.Validated(new TrainingValidation(1 + run, double.PositiveInfinity, new Dictionary<string, double> { ["a,\"b\"\nc"] = 1, [$"more {run}"] = 2 }, 3));
            }
            if (ending == "csv")
            {
                string[] lines = File.ReadAllLines(path);
                Assert.Equal(Columns + ",\"metrics.a,\"\"b\"\" c\",metrics.more 0,metrics.more 1", lines[0]);
                Assert.StartsWith("step,1,", lines[1], StringComparison.Ordinal);
                Assert.EndsWith(",0,NaN,-Infinity,1E-300,5,1,,,,,", lines[1], StringComparison.Ordinal);
                Assert.EndsWith(",0,Infinity,,,,,3,false,1,2,", lines[2], StringComparison.Ordinal);
                Assert.EndsWith(",0,Infinity,,,,,3,false,1,,2", lines[4], StringComparison.Ordinal);
                Assert.Equal(5, lines.Length);
            }
            else
            {
                JsonNode[] rows = Json(path);
                Assert.Equal(["start", "step", "validation", "start", "step", "validation"], rows.Select(row => (string)row["event"]!));
                Assert.Equal(("NaN", "-Infinity", 1e-300), ((string)rows[1]["loss"]!, (string)rows[1]["learningRate"]!, (double)rows[1]["gradientNorm"]!));
                Assert.Equal(1, (double)rows[2]["metrics"]!["a,\"b\"\nc"]!);
            }
        }
    }

    [Fact]
    public void Folders_are_made()
    {
        string path = Path.Combine(ScratchFolder.New(), "a", "b", "log.csv");
        Train(Log(path));
        Assert.True(File.Exists(path));
    }

    private static string New(string ending) => Path.Combine(ScratchFolder.New(), $"log.{ending}");

    private static TrainingFileLog Log(string path, Func<string, Stream>? open = null) => path.EndsWith(".csv", StringComparison.Ordinal) ? new CsvTrainingLog(path) { OpenFile = open } : new JsonLinesTrainingLog(path) { OpenFile = open };

    private static JsonNode[] Json(string path) => [.. File.ReadLines(path).Select(line => JsonNode.Parse(line)!)];

    private static string Event(string line) => line.StartsWith('{') ? (string)JsonNode.Parse(line)!["event"]! : line.Split(',')[0];

    private static long Step(string line) => line.StartsWith('{') ? (long)JsonNode.Parse(line)!["step"]! : long.TryParse(line.Split(',')[1], CultureInfo.InvariantCulture, out long step) ? step : -1;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
