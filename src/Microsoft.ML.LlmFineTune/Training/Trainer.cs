using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// The one training loop: batches, shared out to replicas in threads, gradients summed in a fixed order, clipping, an optimizer, a schedule, validation,
/// early stopping, the best weights at the end. The same seed, plan and machine give the same weights.
/// </summary>
public sealed class Trainer
{
    private readonly nn.Module _model;
    private readonly IObjective _objective;
    private readonly TrainingOptions _options;
    private readonly ITrainingObserver[] _observers;

    /// <summary>Creates a trainer of a model.</summary>
    /// <param name="model">The model; more than one replica needs an <see cref="IReplicable"/>. Its weights change in place.</param>
    /// <param name="objective">What is made smaller.</param>
    /// <param name="options">How.</param>
    /// <param name="observers">Who is told.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or names a metric that the objective does not have.</exception>
    public Trainer(nn.Module model, IObjective objective, TrainingOptions options, params ITrainingObserver[] observers)
    {
        NativeRuntime.Initialize();
        _model = Require.NotNull(model);
        _objective = Require.NotNull(objective);
        _options = Require.NotNull(options);
        _observers = Require.NotNull(observers);
        Require.Argument(observers.All(observer => observer is not null), "Observers must not hold null.", nameof(observers));
        options.Validate();
        string metric = options.EarlyStopping?.Metric ?? EarlyStoppingOptions.Loss;
        Require.Argument(metric == EarlyStoppingOptions.Loss || objective.Metrics.Contains(metric),
            $"EarlyStopping.Metric must be one of {string.Join(", ", objective.Metrics.Prepend(EarlyStoppingOptions.Loss))}; received {metric}.", nameof(options));
        Require.Argument(metric is not (NextTokenObjective.Accuracy or PreferenceMetrics.Accuracy) || options.EarlyStopping!.HigherIsBetter,
            $"EarlyStopping.Metric {metric} is better the higher it is; received HigherIsBetter False, by which the worst weights would be taken for the best. Set HigherIsBetter to true.", nameof(options));
    }

    /// <summary>Trains.</summary>
    /// <param name="training">The training data.</param>
    /// <param name="validation">The validation data; its epoch 0 is read whole at each validation. Null: none.</param>
    /// <param name="cancellation">Ends training after the step that is being taken; the result says so.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="ArgumentException">The data has no targets, or early stopping has no validation data.</exception>
    /// <exception cref="InsufficientMemoryException">Training would need more memory than <see cref="TrainingOptions.MemoryLimit"/> or the machine gives; the message says what would help.</exception>
    /// <exception cref="TrainingDivergedException">The loss or the gradient was not finite; the model has the last good weights.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained already, or has adapters and none that moves.</exception>
    public TrainingResult Train(IBatchSource training, IBatchSource? validation = null, CancellationToken cancellation = default)
    {
        Require.NotNull(training);
        Require.Argument(_options.EarlyStopping is null || validation is not null, "EarlyStopping needs validation data; received none.", nameof(validation));
        Require.Argument(_options.Schedule is not ReactiveSchedule || validation is not null, "A schedule that follows validation needs validation data; received none.", nameof(validation));
        Require.Argument(validation is null || validation.Epoch(0).Any(batch => _objective.Weight(batch) > 0), "Validation data must have at least one target that is not ignored; it has none.", nameof(validation));
        using IDisposable alone = TrainedModels.Add(_model);
        // A caller who has turned gradients off has not meant training.
        using IDisposable withGradients = enable_grad();
        RequireMoving(_model);
        Device device = _options.Device.Resolve();
        Require.Argument(_options.Precision != TrainingPrecision.Float16 || device.type != DeviceType.CPU, "Float16 needs a GPU; the device is the CPU. Take BFloat16.", nameof(TrainingOptions.Precision));
        _model.to(device);

        using CheckpointFolder? folder = _options.Checkpoints is { } checkpoints ? new CheckpointFolder(checkpoints) : null;
        (string Folder, TrainingState State, IReadOnlyList<string> PassedOver)? saved = folder is null ? null : Saved(folder, training, validation);
        ReplicaPlan plan = saved is { } from ? Plan(from.State.Plan) : Plan(training, device);
        RunMemory memory = RunMemory.Begin(_model, _options, training, validation is not null, plan.Replicas, device);
        using TensorFloat32 tensorFloat32 = new(_options.AllowTensorFloat32);
        using TrainingRun run = new(_model, _objective, _options, _observers, training, validation, plan, memory, folder, cancellation);
        return run.Execute(device, saved);
    }

    /// <summary>Says what stands still where adapters have left nothing to train.</summary>
    private static void RequireMoving(nn.Module model)
    {
        if (ModelAdapters.Of(model) is not { } adapters || model.parameters().Any(parameter => parameter.requires_grad)) return;
        Require.State(!adapters.IsMerged, $"The adapter '{adapters.Active}' is merged into the weights, so that nothing moves. Call Unmerge to train it, or MergeAndRemove to train the weights.");
        Require.State(adapters.Active is not null, $"The model has the adapters {string.Join(", ", adapters.Names)} and none is active, so that nothing moves. Call Activate to train one, or Remove them to train the weights.");
    }

    /// <summary>The state to go on from; null where the run begins.</summary>
    private (string Folder, TrainingState State, IReadOnlyList<string> PassedOver)? Saved(CheckpointFolder folder, IBatchSource training, IBatchSource? validation)
    {
        string path = _options.Checkpoints!.Folder;
        SortedDictionary<string, string> identity = RunIdentity.Of(_model, _objective, _options, training, validation);
        if (CheckpointFolder.IdentityOf(path) is not { } before)
        {
            folder.Begin(identity);
            return null;
        }
        IReadOnlyList<string> differences = RunIdentity.Differences(before, identity);
        Require.Argument(differences.Count == 0,
            $"A run goes on only with the model, the data and the options that it began with; in '{path}' {string.Join("; ", differences)}. Give what it began with, or another folder (or delete this one) to begin anew.", nameof(TrainingOptions.Checkpoints));
        return folder.Newest();
    }

    private ReplicaPlan Plan(IBatchSource training, Device device)
    {
        TokenBatch largest = training.Epoch(0).Take(8).MaxBy(batch => batch.Tokens.Length)
            ?? throw new ArgumentException("Training data must have at least one batch; it has none.", nameof(training));
        long parameters = _model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());
        if (_model is not IReplicable) return ReplicaPlan.For(NativeRuntime.Threads, parameters, largest.Rows, largest.Tokens.Length, device.type, 1) with { Reason = $"a {_model.GetType().Name} can not be replicated" };
        if (!_objective.SplitsBatches) return ReplicaPlan.For(NativeRuntime.Threads, parameters, largest.Rows, largest.Tokens.Length, device.type, 1) with { Reason = "this objective compares the rows of a batch" };
        return ReplicaPlan.For(NativeRuntime.Threads, parameters, largest.Rows, largest.Tokens.Length, device.type, _options.Replicas);
    }

    /// <summary>The plan that a run began with: another one would add gradients up in another order.</summary>
    private ReplicaPlan Plan(ReplicaShare began)
    {
        Require.Argument(_options.Replicas is not int wish || wish == began.Replicas, $"A run goes on with the replicas that it began with, {began.Replicas}; received Replicas {_options.Replicas}. Leave Replicas null.", nameof(TrainingOptions.Replicas));
        return new ReplicaPlan(began.Replicas, began.ThreadsPerReplica, "as the run began");
    }
}
