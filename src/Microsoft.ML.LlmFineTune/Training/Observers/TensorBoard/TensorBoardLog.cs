using System.Globalization;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// Training for TensorBoard: an event file (<c>events.out.tfevents.SECONDS.HOST.PROCESS.NUMBER</c>) a run in a folder. Scalars: <c>training/loss</c> (a target), <c>training/learning_rate</c>, <c>training/gradient_norm</c> (before clipping), <c>training/tokens_per_second</c>, <c>training/epoch_loss</c>,
/// <c>validation/loss</c> and <c>validation/NAME</c> for each metric, in single precision as TensorBoard keeps them; texts: <c>training/options</c> (all by name) and <c>training/result</c>.
/// Training that goes on from a saved state adds a file to the same folder; it begins with a note (a session's start) by which TensorBoard drops the points of steps that are taken again. Give each training that starts anew a folder of its own: in one of an earlier training that note hides the earlier points.
/// Events reach the file at validations, at epochs' ends, at the end, and in between no later than with the first step that comes half a second after the last write.
/// </summary>
/// <remarks>Messages: tensorboard/compat/proto/event.proto, summary.proto, tensor.proto; framing: <see cref="RecordFrame"/>.</remarks>
public sealed class TensorBoardLog : ITrainingObserver
{
    // Fields of Event, of Summary.Value, and of what is in them.
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7;
    private const int Value = 1, Tag = 1, SimpleValue = 2, TensorOfValue = 8, Metadata = 9;
    private const int PluginData = 1, PluginName = 1, DataType = 1, StringData = 7, Shape = 2, Dimension = 2, Size = 1, StringValue = 8;
    private const int SessionStatus = 1, SessionStart = 1;

    private readonly ProtobufMessage _event = new(), _summary = new(), _value = new();
    private ObserverFile? _file;
    private bool _placed;

    /// <summary>Events in a folder.</summary>
    /// <param name="folder">The folder, made where it is missing.</param>
    public TensorBoardLog(string folder) => Folder = Path.GetFullPath(Require.Text(folder));

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Only steps that are multiples of it are written; at least 1. Validations and epochs always are. Default 1.</summary>
    public long StepInterval { get; init => field = Require.AtLeast(value, 1, nameof(StepInterval)); } = 1;

    /// <summary>Tells the time. Default the system's.</summary>
    public TimeProvider Clock { get; init => field = Require.NotNull(value, nameof(Clock)); } = TimeProvider.System;

    /// <summary>How the file is opened for writing; null: as files are.</summary>
    internal Func<string, Stream>? OpenFile { get; init; }

    private ObserverFile File => _file ?? throw new InvalidOperationException("Started must be called before anything else is told.");

    /// <inheritdoc/>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Started(TrainingStart start)
    {
        Require.NotNull(start);
        _placed = false;
        _file = new ObserverFile(FreeName(), Clock, OpenFile);
        Write(0, message => message.Text(FileVersion, "brain.Event:2"));
        StringBuilder options = new("| option | value |\n|---|---|\n");
        foreach ((string name, object? value) in OptionTable.Of(start.Options)) Row(options, name, OptionTable.Text(value));
        Row(options, "parameters", string.Create(CultureInfo.InvariantCulture, $"{start.Parameters}"));
        Row(options, "steps", start.TotalSteps < long.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"{start.TotalSteps}") : "without end");
        Row(options, "device", start.Device);
        Row(options, "plan", string.Create(CultureInfo.InvariantCulture, $"{start.Plan.Replicas} x {start.Plan.ThreadsPerReplica} threads ({start.Plan.Reason})"));
        AddText("training/options", 0, options.ToString());
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Stepped(TrainingStep step)
    {
        Place(Require.NotNull(step).Step);
        if (step.Step % StepInterval != 0) return;
        _summary.Clear();
        Scalar("training/loss", step.Loss);
        Scalar("training/learning_rate", step.LearningRate);
        Scalar("training/gradient_norm", step.GradientNorm);
        Scalar("training/tokens_per_second", step.TokensPerSecond);
        WriteSummary(step.Step);
    }

    /// <inheritdoc/>
    public void Validated(TrainingValidation validation)
    {
        Place(Require.NotNull(validation).Step + 1);
        _summary.Clear();
        Scalar("validation/loss", validation.Loss);
        foreach ((string name, double value) in validation.Metrics) Scalar("validation/" + name, value);
        WriteSummary(validation.Step);
        File.Flush();
    }

    /// <inheritdoc/>
    public void EpochEnded(TrainingEpoch epoch)
    {
        Place(Require.NotNull(epoch).Step + 1);
        _summary.Clear();
        Scalar("training/epoch_loss", epoch.Loss);
        WriteSummary(epoch.Step);
        File.Flush();
    }

    /// <inheritdoc/>
    public void Finished(TrainingResult result)
    {
        Require.NotNull(result);
        AddText("training/result", result.Steps, string.Create(CultureInfo.InvariantCulture, $"{result.StopReason} after {result.Steps} steps in {TrainingProgress.Duration(result.TrainingTime)}, weights of step {result.WeightsStep}"));
        File.Flush();
    }

    private string FreeName()
    {
        string host = string.Concat(Environment.MachineName.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' ? letter : '_'));
        for (int i = 0; ; i++)
        {
            // Several runs of one process may begin within a second.
            string path = Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{Clock.GetUtcNow().ToUnixTimeSeconds():D10}.{host}.{Environment.ProcessId}.{i}"));
            if (!System.IO.File.Exists(path)) return path;
        }
    }

    /// <summary>Before the first event of a run: points of this step and of later ones are void.</summary>
    private void Place(long step)
    {
        if (_placed) return;
        _placed = true;
        Write(step, message => message.Message(SessionLog, new ProtobufMessage().Integer(SessionStatus, SessionStart)));
    }

    private void Scalar(string tag, double value)
    {
        _value.Clear();
        _summary.Message(Value, _value.Text(Tag, tag).Single(SimpleValue, (float)value));
    }

    private void AddText(string tag, long step, string markdown)
    {
        ProtobufMessage plugin = new ProtobufMessage().Message(PluginData, new ProtobufMessage().Text(PluginName, "text"));
        ProtobufMessage tensor = new ProtobufMessage().Integer(DataType, StringData).Message(Shape, new ProtobufMessage().Message(Dimension, new ProtobufMessage().Integer(Size, 1))).Text(StringValue, markdown);
        _summary.Clear();
        _summary.Message(Value, new ProtobufMessage().Text(Tag, tag).Message(Metadata, plugin).Message(TensorOfValue, tensor));
        WriteSummary(step);
    }

    private void WriteSummary(long step) => Write(step, message => message.Message(Summary, _summary));

    private void Write(long step, Action<ProtobufMessage> what)
    {
        _event.Clear();
        what(_event.Double(WallTime, (Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds).Integer(Step, step));
        RecordFrame.Add(File, _event.Bytes);
    }

    // TensorBoard reads texts as Markdown.
    private static void Row(StringBuilder table, string name, string value) => table.Append("| ").Append(Cell(name)).Append(" | ").Append(Cell(value)).Append(" |\n");

    private static string Cell(string text) => string.Concat(text.Select(letter => letter switch { '|' => "\\|", '\n' or '\r' => " ", '<' => "&lt;", _ => letter.ToString() }));
}
