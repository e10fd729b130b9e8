using System.Buffers;
using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// A file with a row a step, a validation, an epoch. It holds one history: that of the weights. Where training goes on from a saved state, the rows of steps that are taken again are cut off before the first of them is added. Where training starts anew
/// (at step 1) and the file has rows already, the file is renamed first ("log.csv" to "log.1.csv", or the next number that is free), so nothing is lost. A last row that a crash left unfinished is cut off.
/// Rows reach the file at validations, at epochs' ends, at the end, and in between no later than with the first step that comes half a second after the last write.
/// </summary>
public abstract class TrainingFileLog : ITrainingObserver
{
    internal const string StepEvent = "step", ValidationEvent = "validation", EpochEvent = "epoch", StartEvent = "start", EndEvent = "end";

    private ObserverFile? _file;
    private TrainingStart? _start;
    private bool _placed;
    private long? _unfinished;
    private int? _epoch;

    private protected TrainingFileLog(string path) => Path = System.IO.Path.GetFullPath(Require.Text(path));

    /// <summary>The file; its folder is made where it is missing.</summary>
    public string Path { get; }

    /// <summary>Only steps that are multiples of it get a row; at least 1. Validations and epochs always do. Default 1.</summary>
    public long StepInterval { get; init => field = Require.AtLeast(value, 1, nameof(StepInterval)); } = 1;

    /// <summary>Tells the time. Default the system's.</summary>
    public TimeProvider Clock { get; init => field = Require.NotNull(value, nameof(Clock)); } = TimeProvider.System;

    /// <summary>How the file is opened for writing; null: as files are.</summary>
    internal Func<string, Stream>? OpenFile { get; init; }

    private protected ObserverFile File => _file ?? throw new InvalidOperationException("Started must be called before anything else is told.");

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The file holds something else than such rows.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Started(TrainingStart start)
    {
        (_start, _placed, _epoch) = (Require.NotNull(start), false, null);
        _file = new ObserverFile(Path, Clock, OpenFile);
        Begin();
        // A file that can't be written, or isn't a log, is better known now than after the first step.
        _file.Flush();
        _ = Rows().Count();
    }

    /// <inheritdoc/>
    public void Stepped(TrainingStep step)
    {
        _epoch = Require.NotNull(step).Epoch;
        if (step.Step % StepInterval != 0 && _placed) return;
        Place(StepEvent, step.Step);
        if (step.Step % StepInterval != 0) return;
        Add(StepEvent, step.Step, ("loss", step.Loss), ("learningRate", step.LearningRate), ("gradientNorm", step.GradientNorm), ("tokens", step.Tokens), ("tokensPerSecond", step.TokensPerSecond));
    }

    /// <inheritdoc/>
    public void Validated(TrainingValidation validation)
    {
        Place(ValidationEvent, Require.NotNull(validation).Step);
        Add(ValidationEvent, validation.Step, ("loss", validation.Loss), ("targets", validation.Targets), ("best", validation.Best), ("metrics", validation.Metrics));
        File.Flush();
    }

    /// <inheritdoc/>
    public void EpochEnded(TrainingEpoch epoch)
    {
        _epoch = Require.NotNull(epoch).Epoch;
        Place(EpochEvent, epoch.Step);
        Add(EpochEvent, epoch.Step, ("loss", epoch.Loss));
        File.Flush();
    }

    /// <inheritdoc/>
    public void Finished(TrainingResult result)
    {
        Place(EndEvent, Require.NotNull(result).Steps);
        Add(EndEvent, result.Steps, ("reason", result.StopReason.ToString()), ("weightsStep", result.WeightsStep), ("epochs", result.Epochs), ("tokens", result.Tokens), ("seconds", result.TrainingTime.TotalSeconds));
        File.Flush();
    }

    /// <summary>Prepares a file that is new or empty, and looks at the beginning of another one.</summary>
    private protected abstract void Begin();

    /// <summary>Adds a row, or leaves it out where the format has no place for it.</summary>
    /// <param name="what">Its event.</param>
    /// <param name="step">Its step.</param>
    /// <param name="values">What the row says besides its event and step; null is left out.</param>
    private protected abstract void Write(string what, long step, ReadOnlySpan<(string Name, object? Value)> values);

    /// <summary>What a row is about; null for a line that is not a row and is kept.</summary>
    /// <exception cref="FormatException">The line is neither.</exception>
    private protected abstract (string Event, long Step)? Parse(ReadOnlySpan<byte> line, long number);

    /// <summary>A time as the rows write it.</summary>
    private protected static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private void Add(string what, long step, params ReadOnlySpan<(string, object?)> values) => Write(what, step, [("time", Clock.GetUtcNow()), ("epoch", _epoch), .. values]);

    /// <summary>Before the first row of a run: what the run does again goes.</summary>
    private void Place(string what, long step)
    {
        if (_placed) return;
        _placed = true;
        bool anew = what == StepEvent && step == 1;
        (long Start, string Event, long Step)? first = null;
        foreach (var row in Rows())
        {
            if (!anew && (row.Step < step || (row.Step == step && what != StepEvent && row.Event != what))) continue;
            first = row;
            break;
        }
        if (anew && first is not null)
        {
            File.Try(() => System.IO.File.Move(Path, FreeName()));
            Begin();
        }
        else if ((first?.Start ?? _unfinished) is long end)
        {
            File.Truncate(end);
            Begin();
        }
        TrainingStart begun = _start!;
        Add(StartEvent, what == StepEvent ? step - 1 : step, ("parameters", begun.Parameters), ("totalSteps", begun.TotalSteps), ("device", begun.Device), ("replicas", begun.Plan.Replicas), ("threadsPerReplica", begun.Plan.ThreadsPerReplica), ("options", OptionTable.Of(begun.Options)));
    }

    private string FreeName()
    {
        string folder = System.IO.Path.GetDirectoryName(Path)!, name = System.IO.Path.GetFileNameWithoutExtension(Path), ending = System.IO.Path.GetExtension(Path);
        for (int i = 1; ; i++)
        {
            string free = System.IO.Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{i}{ending}"));
            if (!System.IO.File.Exists(free)) return free;
        }
    }

    /// <summary>The rows of the file as it is, each with the place where it starts.</summary>
    private IEnumerable<(long Start, string Event, long Step)> Rows()
    {
        _unfinished = null;
        long number = 0;
        foreach ((long start, byte[] line, bool whole) in Lines())
        {
            number++;
            if (!whole)
            {
                _unfinished = start;
                yield break;
            }
            (string Event, long Step)? row;
            try
            {
                row = Parse(line, number);
            }
            catch (FormatException error)
            {
                throw new InvalidDataException($"Line {number} of '{Path}' must be a row that {GetType().Name} wrote; {error.Message} Give another file, or move this one away.", error);
            }
            if (row is (string what, long step)) yield return (start, what, step);
        }
    }

    private IEnumerable<(long Start, byte[] Line, bool Whole)> Lines()
    {
        if (!System.IO.File.Exists(Path)) yield break;
        using FileStream stream = new(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] buffer = new byte[1 << 16];
        ArrayBufferWriter<byte> line = new();
        long start = 0;
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            int from = 0;
            for (int end; (end = buffer.AsSpan(from, read - from).IndexOf((byte)'\n')) >= 0; from += end + 1)
            {
                line.Write(buffer.AsSpan(from, end));
                yield return (start, line.WrittenSpan.ToArray(), true);
                start += line.WrittenCount + 1;
                line.ResetWrittenCount();
            }
            line.Write(buffer.AsSpan(from, read - from));
        }
        if (line.WrittenCount > 0) yield return (start, line.WrittenSpan.ToArray(), false);
    }
}
