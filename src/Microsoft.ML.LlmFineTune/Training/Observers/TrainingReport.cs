using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// Training as one page for people: curves of loss, metrics, learning rate, gradient norm and speed over steps; all options by name; what was truncated; which tokens are learnt, in examples; validations, and why training ended.
/// It is made at the start, after validations and epochs, and at the end, so that a crash leaves one. Curves are thinned as they grow: the page stays small, and memory bounded, however many steps there are. A page of training that goes on from a saved state shows the steps since then;
/// the whole history is in <see cref="JsonLinesTrainingLog"/> and its like.
/// </summary>
/// <example>
/// <code>
/// TrainingReport report = new("training.html") { Title = "Film reviews", Preview = BatchPreview.Of(batches), Decode = id => tokenizer.Decode([id]) };
/// </code>
/// </example>
public sealed class TrainingReport : ITrainingObserver
{
    // More rows than people read; the best and the last are always among them.
    private const int MostRows = 60;

    // A page that takes long to make is made less often: at most a twentieth of the time goes into it.
    private const int LeastPauses = 20;
    private static readonly string[] s_validationColumns = ["Step", "Loss", "Best"];

    private readonly Action<EvaluationReport> _target;
    private readonly List<TrainingValidation> _validations = [];
    private readonly List<TrainingEpoch> _epochs = [];
    private ThinnedCurve _raw = new(), _mean = new(), _rate = new(), _norm = new(), _speed = new();
    private SmoothedValue _loss;
    private TrainingStart? _start;
    private TrainingStep? _last;
    private TrainingResult? _result;
    private long _made;
    private TimeSpan _pause;
    private BatchPreview? _found;
    private Func<int, string>? _foundDecode;
    private IReadOnlyDictionary<string, TruncationReport>? _foundTruncations;

    /// <summary>A page in a file, replaced as a whole each time.</summary>
    /// <param name="path">The file; its folder is made where it is missing.</param>
    public TrainingReport(string path)
    {
        string file = Path.GetFullPath(Require.Text(path));
        _target = report => Save(report, file);
    }

    /// <summary>A report for whoever wants it: a notebook, another format.</summary>
    /// <param name="target">Gets the report each time that it is made.</param>
    public TrainingReport(Action<EvaluationReport> target) => _target = Require.NotNull(target);

    /// <summary>The heading. Default "Training".</summary>
    public string Title { get; init => field = Require.Text(value, nameof(Title)); } = "Training";

    /// <summary>What is trained on what; default null: nothing.</summary>
    public string? Description { get; init; }

    /// <summary>Examples of what is learnt. Default null: none, but an estimator shows its own.</summary>
    public BatchPreview? Preview { get; init; }

    /// <summary>Gives the text of a token of the preview. Default null: tokens are shown as numbers, but an estimator takes its tokenizer.</summary>
    public Func<int, string>? Decode { get; init; }

    /// <summary>What texts lost because they were too long, by the name of the data. Default: nothing is said, but an estimator tells what it cut.</summary>
    public IReadOnlyDictionary<string, TruncationReport> Truncations { get; init => field = Require.NotNull(value, nameof(Truncations)); } = new Dictionary<string, TruncationReport>();

    /// <summary>How much of the mean loss stays at each step, from 0 (the step's own loss) to less than 1. Default 0.95.</summary>
    public double Smoothing { get; init => field = Require.Below(value, 0.0, 1.0, nameof(Smoothing)); } = 0.95;

    /// <summary>Validations and epochs that follow one another faster than this share a page; 0 or longer. Default 1 second. The start and the end always make one.</summary>
    public TimeSpan Interval { get; init => field = value >= TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(Interval), value, $"Interval must be 0 or longer; received {value}."); } = TimeSpan.FromSeconds(1);

    /// <summary>Tells the time. Default the system's.</summary>
    public TimeProvider Clock { get; init => field = Require.NotNull(value, nameof(Clock)); } = TimeProvider.System;

    /// <inheritdoc/>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Started(TrainingStart start)
    {
        (_start, _last, _result, _loss) = (Require.NotNull(start), null, null, new SmoothedValue(Smoothing));
        (_raw, _mean, _rate, _norm, _speed) = (new(), new(), new(), new(), new());
        _validations.Clear();
        _epochs.Clear();
        Make();
    }

    /// <inheritdoc/>
    public void Stepped(TrainingStep step)
    {
        _last = Require.NotNull(step);
        _loss.Add(step.Loss);
        _raw.Add(step.Step, step.Loss);
        _mean.Add(step.Step, _loss.Value);
        _rate.Add(step.Step, step.LearningRate);
        _norm.Add(step.Step, step.GradientNorm);
        _speed.Add(step.Step, step.TokensPerSecond);
    }

    /// <inheritdoc/>
    public void Validated(TrainingValidation validation)
    {
        _validations.Add(Require.NotNull(validation));
        MakeNowAndThen();
    }

    /// <inheritdoc/>
    public void EpochEnded(TrainingEpoch epoch)
    {
        _epochs.Add(Require.NotNull(epoch));
        MakeNowAndThen();
    }

    /// <inheritdoc/>
    public void Finished(TrainingResult result)
    {
        _result = Require.NotNull(result);
        Make();
    }

    /// <summary>The report as it is now.</summary>
    /// <exception cref="InvalidOperationException">Training has not started.</exception>
    public EvaluationReport ToReport()
    {
        Require.State(_start is not null, "A training report needs a training; none has started. Give the report to a Trainer, or to an estimator's Observers.");
        EvaluationReport report = new EvaluationReport(Title) { Description = Description }.With(Outcome()).With(Charts());
        if (_validations.Count > 0) report = report.With(Validations());
        if (_epochs.Count > 0) report = report.With(new TableSection("Epochs", ["Epoch", "Steps", "Training loss"], Some(_epochs, _ => false).Select(epoch => (IReadOnlyList<ReportCell>)[(long)epoch.Epoch + 1, epoch.Step, epoch.Loss])) { Note = Note(_epochs.Count, "epochs") });
        if (Preview is not null || _found is not null) report = report.With(PreviewSection.Of("What is learnt", (Preview ?? _found)!, Decode ?? _foundDecode));
        IReadOnlyDictionary<string, TruncationReport> truncations = Truncations.Count > 0 ? Truncations : _foundTruncations ?? Truncations;
        if (truncations.Count > 0) report = report.With(new TableSection("What was truncated", ["Data", "Texts", "Truncated texts", "Tokens", "Tokens cut"],
            truncations.Select(one => (IReadOnlyList<ReportCell>)[one.Key, (long)one.Value.Texts, (long)one.Value.TruncatedTexts, one.Value.Tokens, one.Value.CutTokens])));
        return report.With(new TableSection("Run", ["", "Value"],
        [
            ["Tokens, padding included", _result is null ? (double?)null : (ReportCell)_result.Tokens],
            ["Device", _start.Device],
            ["Trained parameters", _start.Parameters],
            ["Steps planned", _start.TotalSteps < long.MaxValue ? _start.TotalSteps : (ReportCell)"without end"],
            ["Replicas", (long)_start.Plan.Replicas],
            ["Threads a replica", (long)_start.Plan.ThreadsPerReplica],
            ["Because", _start.Plan.Reason],
        ])).With(new TableSection("Options", ["Option", "Value"], OptionTable.Of(_start.Options).Select(option => (IReadOnlyList<ReportCell>)[option.Key, OptionTable.Text(option.Value)])));
    }

    /// <summary>What an estimator knows of its data; what the report's owner gave goes first.</summary>
    internal void Show(BatchPreview preview, Func<int, string>? decode, IReadOnlyDictionary<string, TruncationReport> truncations) => (_found, _foundDecode, _foundTruncations) = (preview, decode, truncations);

    private MetricsSection Outcome()
    {
        List<ReportMetric> figures = [new("State", _result is null ? "running" : OptionTable.Text(ReportValues.Lower(ReportValues.Words(_result.StopReason.ToString())))), new("Steps", _result?.Steps ?? _last?.Step ?? 0)];
        if (_result is not null)
        {
            figures.Add(new("Weights of step", _result.WeightsStep));
            figures.Add(new("Time", TrainingProgress.Duration(_result.TrainingTime)));
        }
        else if (_last is not null)
        {
            figures.Add(new("Time left", TrainingProgress.Duration(_last.Remaining)));
        }
        if (_last is not null) figures.Add(new("Training loss", _loss.Value, Note: "smoothed"));
        if (_validations.LastOrDefault(validation => validation.Best) is TrainingValidation best)
        {
            figures.Add(new("Validation loss", best.Loss, Note: $"best, step {ReportNumber.Format(best.Step, isCount: true)}"));
            figures.AddRange(best.Metrics.Take(2).Select(metric => new ReportMetric($"Validation {metric.Key}", metric.Value)));
        }
        return new MetricsSection("Outcome", figures);
    }

    private IEnumerable<ReportSection> Charts()
    {
        if (_last is null && _validations.Count == 0) yield break;
        List<ReportLine> losses = _last is null ? [] : [Line("Training, smoothed", _mean), Line("Training", _raw) with { Faint = true }];
        double[] steps = [.. _validations.Select(validation => (double)validation.Step)];
        if (_validations.Count > 0) losses.Add(new ReportLine("Validation", steps, [.. _validations.Select(validation => validation.Loss)]) { Dots = true });
        yield return Chart("Loss", "Loss a target", losses);
        // Shares have one scale; whatever else is measured has its own.
        foreach (IGrouping<string, string> chart in _validations.SelectMany(validation => validation.Metrics.Keys).Distinct().GroupBy(name => _validations.All(validation => validation.Metrics.GetValueOrDefault(name) is >= 0 and <= 1) ? "Metrics" : name))
            yield return Chart($"Validation: {ReportValues.Lower(chart.Key)}", "Value", [.. chart.Select(name => new ReportLine(name, steps, [.. _validations.Select(validation => validation.Metrics.GetValueOrDefault(name, double.NaN))]) { Dots = true })]);
        if (_last is null) yield break;
        yield return Chart("Learning rate", "Learning rate", [Line("Learning rate", _rate)]);
        yield return Chart("Gradient norm", "Norm before clipping", [Line("Gradient norm", _norm)]);
        yield return Chart("Speed", "Tokens a second", [Line("Speed", _speed)]);

        static ReportLine Line(string name, ThinnedCurve curve)
        {
            (double[] x, double[] y) = curve.Points();
            return new ReportLine(name, x, y);
        }

        static ChartSection Chart(string title, string y, IReadOnlyList<ReportLine> lines) => new(title, "Step", y, lines) { Logarithmic = LogarithmHelps(lines) };
    }

    /// <summary>Whether most of a chart would lie on its floor: values that span more than two powers of ten, or peaks twenty times as high as nearly all.</summary>
    private static bool LogarithmHelps(IReadOnlyList<ReportLine> lines)
    {
        double[] values = [.. lines.SelectMany(line => line.Y).Where(double.IsFinite).Order()];
        if (values.Length == 0) return false;
        double low = values[values.Length / 10], high = values[values.Length - 1 - (values.Length / 10)];
        return low > 0 && (high > 100 * low || values[^1] > 20 * high);
    }

    private TableSection Validations()
    {
        TrainingValidation best = _validations.LastOrDefault(validation => validation.Best) ?? _validations[0];
        string[] metrics = [.. _validations.SelectMany(validation => validation.Metrics.Keys).Distinct()];
        return new TableSection("Validations", [.. s_validationColumns, .. metrics], Some(_validations, validation => ReferenceEquals(validation, best))
            .Select(validation => (IReadOnlyList<ReportCell>)[validation.Step, validation.Loss, validation.Best ? "yes" : "", .. metrics.Select(name => (ReportCell)(validation.Metrics.TryGetValue(name, out double value) ? value : (double?)null))])) { Note = Note(_validations.Count, "validations") };
    }

    /// <summary>At most so many rows as people read, evenly spread, with the last one and those that must be there.</summary>
    private static IEnumerable<T> Some<T>(List<T> all, Predicate<T> wanted)
    {
        int each = ((all.Count - 1) / MostRows) + 1;
        return all.Where((one, i) => i % each == 0 || i == all.Count - 1 || wanted(one));
    }

    private static string? Note(int count, string what) => count > MostRows ? FormattableString.Invariant($"A part of {count} {what}.") : null;

    private void MakeNowAndThen()
    {
        if (Clock.GetElapsedTime(_made) >= _pause) Make();
    }

    private void Make()
    {
        long begun = Clock.GetTimestamp();
        _target(ToReport());
        _made = Clock.GetTimestamp();
        TimeSpan took = Clock.GetElapsedTime(begun, _made) * LeastPauses;
        _pause = took > Interval ? took : Interval;
    }

    private static void Save(EvaluationReport report, string file)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            AtomicFile.Write(file, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(report.ToHtml())));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Could not write the training report '{file}': {error.Message} Training ends here. Make room, or give another place.", error);
        }
    }
}
