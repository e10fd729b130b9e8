using System.Globalization;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>One call of <c>Fit</c>, or of a search before it: its seed, its channel to the log, and the training between reading and the fitted transformer.</summary>
internal sealed class TrainingTask : IDisposable
{
    private readonly TrainingTaskOptions _options;
    private readonly TextModel _base;
    private readonly IChannel _channel;
    private readonly Dictionary<string, TruncationReport> _truncations = [];

    /// <param name="environment">Gives the log, and the seed where the options have none.</param>
    /// <param name="name">What the log calls it.</param>
    /// <param name="model">What is trained is a copy of it, with the task's head.</param>
    /// <param name="options">How.</param>
    internal TrainingTask(IHostEnvironment environment, string name, TextModel model, TrainingTaskOptions options)
    {
        (_base, _options) = (model, options);
        var host = environment.Register(name);
        _channel = host.Start("Training");
        NativeRuntime.Initialize(warn: Warn);
        // A run that goes on has the seed that it began with.
        Seed = options.Seed ?? (options.Checkpoints is { } checkpoints ? CheckpointFolder.SeedOf(checkpoints.Folder) : null) ?? host.Rand.Next();
        Random = new RandomStreams(Seed);
        Info($"Seed {Seed}; {Described(options)}");
        if (options.AdapterFolder is { } folder)
            RequireWritable(folder);
    }

    internal long Seed { get; }

    internal RandomStreams Random { get; }

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

    /// <summary>Quantises the base and attaches the adapter, where the options ask for them.</summary>
    private void Prepare(nn.Module model)
    {
        if (_options.BaseQuantization is { } nf4)
        {
            // Quantising is the processor's work; training moves the model to where it belongs.
            model.cpu();
            Info($"{ModelQuantization.ToNf4(model, nf4.DoubleQuantization, nf4.Kept)} linear layers of the base are kept in four bits a number.");
        }
        if (_options.Adapter is { } adapter)
            ModelAdapters.Attach(model, WithBase(adapter), random: Random.Adapters);
    }

    /// <summary>An adapter's file names its base as PEFT does: by what the model was read from.</summary>
    private AdapterOptions WithBase(AdapterOptions adapter)
    {
        if (adapter.BaseModel is not null || _base.Source is not { } source)
            return adapter;
        adapter = adapter with { BaseModel = source.Name };
        return source.Revision is null ? adapter
            : adapter with { OtherKeys = new Dictionary<string, JsonElement>(adapter.OtherKeys) { ["revision"] = JsonSerializer.SerializeToElement(source.Revision) } };
    }

    /// <summary>Trains <paramref name="model"/> in place; <paramref name="lastGood"/> makes a transformer of the weights that are left when training diverges.</summary>
    internal TrainingResult Train<TModel>(TModel model, IObjective objective, IBatchSource training, IBatchSource? validation, Func<TextTransformer> lastGood) where TModel : nn.Module, ICheckpointModel
    {
        Prepare(model);
        Info($"{ParameterReport.Of(model).Summary()}");
        var options = _options.ForTraining(Seed);
        if (_options.Configure is not null)
            Info($"{nameof(_options.Configure)} changed: {Changes(options)}.");
        if (_options.Observers.OfType<TrainingReport>().ToList() is { Count: > 0 } reports)
        {
            // Of other heads the configuration may have names, too, which are nobody's.
            var preview = BatchPreview.Of(training) with { Labels = model.Head is ModelHead.SequenceClassification or ModelHead.TokenClassification ? model.Config.Labels : [] };
            reports.ForEach(report => report.Show(preview, id => _base.Tokenizer.Decode([id]), _truncations));
        }
        try
        {
            var result = new Trainer(model, objective, options, [new TrainingLog(_channel), .. _options.Observers]).Train(training, validation, _options.Cancellation);
            if (result.StopReason == TrainingStopReason.Cancelled)
                Warn($"Training was cancelled after {result.Steps} steps; the weights of step {result.WeightsStep} are kept.");
            Merge(model, result, lastGood);
            return result;
        }
        catch (TrainingDivergedException error)
        {
            Merge(model, error.Result, lastGood);
            throw new TrainingFailedException(error, lastGood());
        }
    }

    /// <summary>Tries learning rates out on <paramref name="model"/>, prepared as it would be trained. It is the caller's.</summary>
    internal RateCurve FindLearningRate(nn.Module model, IObjective objective, IBatchSource training, RateRangeOptions? range)
    {
        Prepare(model);
        return LearningRateFinder.Run(model, objective, _options.ForTraining(Seed), training, range, _options.Cancellation);
    }

    /// <summary>Makes the trained adapter a part of the weights where it can be one, after it was saved by itself where that is wanted.</summary>
    /// <exception cref="TrainingFailedException">It could not be saved; the exception has the transformer all the same.</exception>
    private void Merge(nn.Module model, TrainingResult result, Func<TextTransformer> made)
    {
        if (ModelAdapters.Of(model) is not { } adapters)
            return;
        Exception? unsaved = null;
        try
        {
            if (_options.AdapterFolder is { } folder)
                PeftFolder.Save(folder, model, adapters.Active!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            unsaved = error;
        }
        if (adapters.WhyNotMergeable is { } reason)
            Info($"{reason} The fitted model keeps it, and is saved with it.");
        else
            adapters.MergeAndRemove();
        if (_options.BaseQuantization is not null)
        {
            // Also those that the adapter did not change: saved are the numbers that were trained with.
            ModelQuantization.ToDense(model);
            Info($"The weights are the numbers that the four bits of the base stand for{(adapters.Active is null ? ", with what the adapter learnt" : "")}.");
        }
        if (unsaved is not null)
            throw new TrainingFailedException($"The adapter is trained, but could not be saved in '{_options.AdapterFolder}': {unsaved.Message} {nameof(TrainingFailedException.LastGood)} has it.", unsaved, made(), result);
    }

    /// <summary>What the options' function has made of what the other options say.</summary>
    private string Changes(TrainingOptions options)
    {
        var (before, after) = (OptionTable.Of((_options with { Configure = null }).ForTraining(Seed)), OptionTable.Of(options));
        var changes = after.Keys.Union(before.Keys).Select(name => (Name: name, Before: OptionTable.Text(before.GetValueOrDefault(name)), After: OptionTable.Text(after.GetValueOrDefault(name)))).Where(option => option.Before != option.After)
            .Select(option => $"{option.Name} from {option.Before} to {option.After}").ToList();
        return changes.Count == 0 ? "nothing" : string.Join(", ", changes);
    }

    private static void RequireWritable(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            using FileStream probe = new(Path.Combine(folder, $"{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{nameof(TrainingTaskOptions.AdapterFolder)} must be a folder that can be written to; '{folder}' is none: {error.Message} Give another place.", error);
        }
    }
}
