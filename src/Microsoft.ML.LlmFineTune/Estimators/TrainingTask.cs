using System.Globalization;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>One call of <c>Fit</c>: its seed, its channel to the log, and the training between reading and the fitted transformer.</summary>
internal sealed class TrainingTask : IDisposable
{
    private readonly TrainingTaskOptions _options;
    private readonly IChannel _channel;
    private readonly Dictionary<string, TruncationReport> _truncations = [];

    internal TrainingTask(IHostEnvironment environment, string name, TrainingTaskOptions options)
    {
        _options = options;
        var host = environment.Register(name);
        _channel = host.Start("Training");
        NativeRuntime.Initialize(warn: Warn);
        // A run that goes on has the seed that it began with.
        Seed = options.Seed ?? (options.Checkpoints is { } checkpoints ? CheckpointFolder.SeedOf(checkpoints.Folder) : null) ?? host.Rand.Next();
        Random = new RandomStreams(Seed);
        Info($"Seed {Seed}; {Described(options)}");
    }

    internal long Seed { get; }

    internal RandomStreams Random { get; }

    /// <summary>Gives the text of a token, for reports; null where nobody set it.</summary>
    internal Func<int, string>? Decode { get; set; }

    public void Dispose() => _channel.Dispose();

    internal void Info(FormattableString line) => _channel.Info(MessageSensitivity.None, "{0}", line.ToString(CultureInfo.InvariantCulture));

    /// <summary>All options by name. Data and observers are told by whether, and which, there are.</summary>
    private static string Described(TrainingTaskOptions options)
    {
        // What an option holds that is no setting says nothing as text.
        Dictionary<string, object?> table = new(OptionTable.Of(options with { ValidationData = null, Observers = [], Cancellation = default }))
        {
            [nameof(options.ValidationData)] = options.ValidationData is null ? null : "given",
            [nameof(options.Observers)] = options.Observers.Count == 0 ? null : string.Join(", ", options.Observers.Select(observer => observer.GetType().Name)),
        };
        table.Remove(nameof(options.Cancellation));
        return $"{options.GetType().Name}: {string.Join(", ", table.Select(option => $"{option.Key} = {OptionTable.Text(option.Value)}"))}";
    }

    internal void Warn(string line) => _channel.Warning(MessageSensitivity.None, "{0}", line);

    /// <summary>Says how much longer texts lost.</summary>
    internal void Report(TruncationReport truncation, string what)
    {
        _truncations[what] = truncation;
        if (truncation.TruncatedTexts > 0)
            Warn($"{what}: {truncation}");
    }

    /// <summary>Trains <paramref name="model"/> in place; <paramref name="lastGood"/> makes a transformer of the weights that are left when training diverges.</summary>
    internal TrainingResult Train<TModel>(TModel model, IObjective objective, IBatchSource training, IBatchSource? validation, Func<TextTransformer> lastGood) where TModel : nn.Module, ICheckpointModel
    {
        if (_options.Adapter is { } adapter)
            ModelAdapters.Attach(model, adapter, random: Random.Adapters);
        Info($"{ParameterReport.Of(model).Summary()}");
        var options = _options.ForTraining(Seed);
        if (_options.Observers.OfType<TrainingReport>().ToList() is { Count: > 0 } reports)
        {
            var preview = BatchPreview.Of(training);
            reports.ForEach(report => report.Show(preview, Decode, _truncations));
        }
        try
        {
            var result = new Trainer(model, objective, options, [new TrainingLog(_channel), .. _options.Observers]).Train(training, validation, _options.Cancellation);
            if (result.StopReason == TrainingStopReason.Cancelled)
                Warn($"Training was cancelled after {result.Steps} steps; the weights of step {result.WeightsStep} are kept.");
            Merge(model);
            return result;
        }
        catch (TrainingDivergedException error)
        {
            Merge(model);
            throw new TrainingFailedException(error, lastGood());
        }
    }

    /// <summary>Makes the trained adapter a part of the weights, after it was saved by itself where that is wanted.</summary>
    private void Merge(nn.Module model)
    {
        if (ModelAdapters.Of(model) is not { } adapters)
            return;
        if (_options.AdapterFolder is { } folder)
            PeftFolder.Save(folder, model);
        adapters.MergeAndRemove();
    }
}
