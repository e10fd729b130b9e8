using System.Globalization;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// Progress for people: step, epoch, loss (smoothed), learning rate, tokens a second, time left, the last validation. On a terminal one line that is written anew in its place; in a file a line now and then.
/// Validations and the end get a line of their own in both. Numbers are written in the invariant culture. One instance may watch several runs, one after the other.
/// </summary>
/// <example>
/// <code>
/// TrainingProgress progress = new(Console.Out) { Title = "Pretraining", InPlace = !Console.IsOutputRedirected, Columns = () => Console.WindowWidth };
/// </code>
/// </example>
public sealed class TrainingProgress : ITrainingObserver
{
    private static readonly TimeSpan s_intervalInPlace = TimeSpan.FromSeconds(0.1), s_intervalOfLines = TimeSpan.FromSeconds(10);

    // Longer than any training: the number of steps has no end that anybody plans for.
    private static readonly TimeSpan s_endless = TimeSpan.FromDays(3650);

    private const int DefaultColumns = 80;

    private readonly TextWriter _writer;
    private SmoothedValue _loss;
    private TrainingStart? _start;
    private TrainingValidation? _validation;
    private long _written;
    private bool _first;
    private int _standing;

    /// <summary>Progress that goes to a writer, which stays open.</summary>
    /// <param name="writer">A console, a file, a log.</param>
    public TrainingProgress(TextWriter writer) => _writer = Require.NotNull(writer);

    /// <summary>What stands before each line; default null: nothing.</summary>
    public string? Title { get; init; }

    /// <summary>Whether the writer is a terminal on which a carriage return leads back to the line's beginning. Default false: lines follow one another.</summary>
    public bool InPlace { get; init; }

    /// <summary>How many columns the terminal has; asked again for every line, as windows change. Longer lines are cut. Default 80, also where it answers 0. Read with <see cref="InPlace"/>.</summary>
    public Func<int> Columns { get; init => field = Require.NotNull(value, nameof(Columns)); } = () => DefaultColumns;

    /// <summary>Time between two lines, 0 or longer; the first step gets one in any case. Default null: 0.1 seconds in place, 10 seconds in a file.</summary>
    public TimeSpan? Interval
    {
        get;
        init => field = value is null || value >= TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(Interval), value, $"Interval must be 0 or longer; received {value}.");
    }

    /// <summary>How much of the mean loss stays at each step, from 0 (the step's own loss) to less than 1. Default 0.95.</summary>
    public double Smoothing { get; init => field = Require.Below(value, 0.0, 1.0, nameof(Smoothing)); } = 0.95;

    /// <summary>Tells the time. Default the system's.</summary>
    public TimeProvider Clock { get; init => field = Require.NotNull(value, nameof(Clock)); } = TimeProvider.System;

    /// <inheritdoc/>
    public void Started(TrainingStart start)
    {
        (_start, _validation, _loss, _first, _standing) = (Require.NotNull(start), null, new SmoothedValue(Smoothing), true, 0);
        Line($"{Count(start.Parameters)} parameters on {start.Device}, {Steps(start.TotalSteps)}; {start.Plan.Replicas} x {start.Plan.ThreadsPerReplica} threads");
    }

    /// <inheritdoc/>
    public void Resumed(TrainingResumption resumption) => Line($"goes on after step {Count(resumption.Step)}");

    /// <inheritdoc/>
    public void Saved(TrainingSave save) => Line($"saved after step {Count(save.Step)}");

    /// <inheritdoc/>
    public void Stepped(TrainingStep step)
    {
        _loss.Add(Require.NotNull(step).Loss);
        if (!_first && Clock.GetElapsedTime(_written) < (Interval ?? (InPlace ? s_intervalInPlace : s_intervalOfLines))) return;
        _first = false;
        string line = Describe(step);
        if (InPlace) Stand(line);
        else Line(line);
        _written = Clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Validated(TrainingValidation validation)
    {
        _validation = Require.NotNull(validation);
        Line($"validation after step {Count(validation.Step)}: {Figures(validation)}{(validation.Best ? ", the best so far" : "")}");
    }

    /// <inheritdoc/>
    public void Finished(TrainingResult result)
    {
        Require.NotNull(result);
        string validation = result.Best is TrainingValidation best ? $", best validation: {Figures(best)}" : "";
        Line($"{result.StopReason} after {Count(result.Steps)} steps in {Duration(result.TrainingTime)}, weights of step {Count(result.WeightsStep)}{validation}");
    }

    internal static string Duration(TimeSpan time)
    {
        TimeSpan seconds = TimeSpan.FromSeconds(Math.Round(time.TotalSeconds));
        string days = seconds.Days > 0 ? Invariant($"{seconds.Days} d ") : "";
        return days + (seconds.TotalHours >= 1 ? Invariant($"{seconds.Hours}:{seconds.Minutes:00}:{seconds.Seconds:00}") : Invariant($"{seconds.Minutes}:{seconds.Seconds:00}"));
    }

    /// <summary>How many steps are planned, in words.</summary>
    internal static string Steps(long total) => total < long.MaxValue ? $"{Count(total)} steps" : "steps without end";

    /// <summary>Whether the time that is left says anything.</summary>
    internal static bool HasEnd(TrainingStep step) => step.Remaining < s_endless && step.TotalSteps < long.MaxValue;

    private string Describe(TrainingStep step)
    {
        StringBuilder line = new();
        line.Append("step ").Append(Count(step.Step));
        if (step.TotalSteps < long.MaxValue) line.Append('/').Append(Count(step.TotalSteps));
        line.Append(", epoch ").Append(Count(step.Epoch + 1));
        if (_start?.Options.Epochs is int epochs) line.Append('/').Append(Count(epochs));
        line.Append(CultureInfo.InvariantCulture, $", loss {_loss.Value:F4}, learning rate {step.LearningRate:G3}, {step.TokensPerSecond:N0} tokens/s");
        if (HasEnd(step)) line.Append(", ").Append(Duration(step.Remaining)).Append(" left");
        if (_validation is not null) line.Append(", validation ").Append(Figures(_validation));
        return line.ToString();
    }

    private static string Figures(TrainingValidation validation) =>
        Invariant($"loss {validation.Loss:F4}") + string.Concat(validation.Metrics.Select(metric => Invariant($", {metric.Key} {metric.Value:F4}")));

    /// <summary>A line that stays.</summary>
    private void Line(string line)
    {
        string whole = Whole(line);
        Write(_standing > 0 ? $"\r{whole.PadRight(_standing)}\n" : whole + "\n");
        _standing = 0;
    }

    /// <summary>The line that the next one takes the place of.</summary>
    private void Stand(string line)
    {
        string whole = Whole(line);
        // A line as long as the window would go on in the next one, and could not be taken back.
        int room = Columns() is > 1 and int columns ? columns - 1 : DefaultColumns - 1;
        if (whole.Length > room) whole = whole[..room];
        Write("\r" + whole.PadRight(Math.Min(_standing, room)));
        _standing = whole.Length;
    }

    private string Whole(string line) =>
        // A name must not move the terminal's cursor.
        string.Concat((Title is null ? line : $"{Title}: {line}").Select(letter => char.IsControl(letter) ? '\uFFFD' : letter));

    private void Write(string text)
    {
        try
        {
            _writer.Write(text);
            _writer.Flush();
        }
        catch (IOException error)
        {
            throw new IOException($"Could not write training's progress: {error.Message} Training ends here. Make room, or give TrainingProgress another writer.", error);
        }
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
