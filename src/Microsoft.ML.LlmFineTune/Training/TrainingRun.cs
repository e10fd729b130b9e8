using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>One call of <see cref="Trainer.Train"/>: the loop, and everything native that it needs.</summary>
internal sealed class TrainingRun : IDisposable
{
    private const string WeightsName = "weights", OptimizerName = "optimizer", AverageName = "average";

    /// <summary>A loss scale below it saves no gradient any more: what is not finite then is not finite by itself.</summary>
    private const double LeastScale = 1;

    /// <summary>Steps between copies of the weights that a divergence goes back to.</summary>
    private const int SafetyInterval = 50;

    /// <summary>Epochs whose steps are counted one by one before training starts: "until it stops improving" may be a million.</summary>
    private const int CountedEpochs = 1000;

    private readonly nn.Module _model;
    private readonly IObjective _objective;
    private readonly IObjective? _judge;
    private readonly TrainingOptions _options;
    private readonly ITrainingObserver[] _observers;
    private readonly IBatchSource _training;
    private readonly IBatchSource? _validation;
    private readonly ReplicaPlan _plan;
    private readonly RunMemory _memory;
    private readonly CheckpointFolder? _folder;
    private readonly CancellationToken _cancellation;
    // What is undone at the end, the last first: also where the beginning fails half-way.
    private readonly Stack<Action> _undo = new();
    private readonly bool _wasTraining;
    private readonly MovingParameters _moving;
    private readonly ModelReplicas _replicas;
    private readonly FlatOptimizer _optimizer;
    private readonly PretrainedAnchor? _anchor;
    private readonly WeightsSnapshot _best, _safe;
    private readonly ValidationTracker _tracker;
    private readonly RandomStreams _random;
    private readonly Stopwatch _clock = new(), _computing = new();
    private readonly Stopwatch _sinceSave = Stopwatch.StartNew();
    private readonly long _totalSteps;
    private readonly Func<long, double> _factors;
    private readonly Func<long, double>? _momenta;
    private readonly RateReaction? _reaction;
    private readonly WeightAverage? _average;
    private readonly DynamicLossScale? _lossScale;
    private TrainingState _state;
    private TimeSpan _elapsedBefore, _computedBefore;

    public TrainingRun(
        nn.Module model, IObjective objective, TrainingOptions options, ITrainingObserver[] observers, IBatchSource training, IBatchSource? validation,
        ReplicaPlan plan, RunMemory memory, CheckpointFolder? folder, CancellationToken cancellation)
    {
        (_model, _objective, _options, _observers, _training, _validation) = (model, objective, options, observers, training, validation);
        _judge = validation is null ? null : objective.Over(validation.Epoch(0));
        (_plan, _memory, _folder, _cancellation, _wasTraining) = (plan, memory, folder, cancellation, model.training);
        _undo.Push(() => model.train(_wasTraining));
        try
        {
            _undo.Push(ActivationRecomputation.Use(model, options.RecomputeActivations).Dispose);
            _undo.Push(NoisyEmbeddings.Use(model, options.EmbeddingNoise).Dispose);
            _moving = new MovingParameters(model, options.Freezing);
            _undo.Push(_moving.Restore);
            PrecisionScope precision = new(model, options.Precision);
            _undo.Push(() =>
            {
                if (_replicas is null) precision.Restore(null);
            });
            _replicas = new ModelReplicas(model, plan, precision.Conversion) { ReturnsFreedMemory = options.ReturnFreedMemory };
            _undo.Push(_replicas.Dispose);
            _undo.Push(() => precision.Restore(_replicas.Parameters));
            _anchor = options.StartPenalty > 0 || options.Mixout > 0 ? Own(new PretrainedAnchor(_replicas.Parameters, _moving.Top)) : null;
            _optimizer = Own(options.Optimizer.Create(_replicas.Parameters, _moving.Plan.Groups));
            _best = Own(new WeightsSnapshot(_replicas.Parameters));
            _safe = Own(new WeightsSnapshot(_replicas.Parameters));
            _average = options.WeightAverage is { } average ? Own(new WeightAverage(_replicas.Parameters, average)) : null;
            _tracker = new ValidationTracker(options.EarlyStopping);
            _random = new RandomStreams(options.Seed);
            _totalSteps = TotalSteps();
            long end = Math.Max(1, _totalSteps);
            (_factors, _momenta) = (options.Schedule.Factors(end), options.Schedule.Momenta(end));
            Require.Argument(_momenta is null || _optimizer.HasMomentum,
                $"Schedule.CyclesMomentum moves the optimizer's momentum, and {options.Optimizer.GetType().Name} has none. Set CyclesMomentum to false, or take an optimizer (or a Momentum) that it can move.", nameof(TrainingOptions.Schedule));
            _reaction = (options.Schedule as ReactiveSchedule)?.Start(options.Optimizer.LearningRate);
            _lossScale = precision.Type == ScalarType.Float16 ? new DynamicLossScale(options.LossScale) : null;
            _state = new TrainingState { Plan = new ReplicaShare(plan.Replicas, plan.ThreadsPerReplica) };
        }
        catch
        {
            Dispose();
            throw;
        }

        T Own<T>(T part) where T : IDisposable
        {
            _undo.Push(part.Dispose);
            return part;
        }
    }

    public TrainingResult Execute(Device device, (string Folder, TrainingState State, IReadOnlyList<string> PassedOver)? saved)
    {
        Tell(observer => observer.Started(new TrainingStart(_options, _plan, _replicas.Parameters.ParameterCount, _totalSteps, device.ToString()) { Memory = _memory.Estimate }));
        if (saved is { } from) Resume(from.Folder, from.State, from.PassedOver);
        _replicas.SetTraining(true);
        if (_state.Ended is null)
        {
            _clock.Start();
            _state.Ended = Loop();
            _clock.Stop();
            // The last weights, not the best: a run that finds this state ends as this one does.
            Save();
        }
        // Averaged weights were judged, so it is they that are best, and that are left.
        if (_options.RestoreBest && _best.Step is long bestStep && (bestStep != _state.WeightsStep || _average is not null)) _state.WeightsStep = _best.Restore();
        else _average?.SwapIn();
        TrainingResult result = Result(_state.Ended.Value);
        Tell(observer => observer.Finished(result));
        return result;
    }

    public void Dispose()
    {
        while (_undo.TryPop(out Action? undo)) undo();
    }

    private TrainingStopReason Loop()
    {
        while (_options.Epochs is not int last || _state.Epoch < last)
        {
            foreach ((TokenBatch[] batches, int read) in Steps())
            {
                if (_cancellation.IsCancellationRequested) return TrainingStopReason.Cancelled;
                bool taken = Step(batches);
                _state.BatchesInEpoch = read;
                // A step that a loss scale left out has changed nothing: there is nothing to judge or to save.
                if (!taken) continue;
                if (_options.ValidationInterval is long interval && _optimizer.Steps % interval == 0 && !Validate()) return StoppedByValidation();
                if (_optimizer.Steps == _options.MaximumSteps)
                {
                    return _tracker.All.LastOrDefault()?.Step == _optimizer.Steps || Validate() ? TrainingStopReason.Completed : StoppedByValidation();
                }
                if (IsSaveDue()) Save();
            }
            Require.Argument(_state.EpochWeight > 0, "Training data must have at least one target that is not ignored; it has none.", "training");
            Tell(observer => observer.EpochEnded(new TrainingEpoch(_state.Epoch, _optimizer.Steps, _state.EpochLoss / _state.EpochWeight)));
            _state.NextEpoch();
            if (_options.ValidationInterval is null && !Validate()) return StoppedByValidation();
        }
        // With validations every so many steps, the last weights are judged too.
        if (_tracker.All.LastOrDefault()?.Step != _optimizer.Steps && !Validate() && _cancellation.IsCancellationRequested) return TrainingStopReason.Cancelled;
        return TrainingStopReason.Completed;
    }

    /// <summary>The batches of each step that is left of the epoch, and how many batches of the epoch are read then.</summary>
    private IEnumerable<(TokenBatch[] Batches, int Read)> Steps()
    {
        List<TokenBatch> batches = [];
        int read = _state.BatchesInEpoch;
        foreach (TokenBatch batch in _training.From(_state.Epoch, read))
        {
            read++;
            // A batch with nothing to learn is no part of a step.
            if (_objective.Weight(batch) > 0) batches.Add(batch);
            if (batches.Count < _options.AccumulatedBatches) continue;
            yield return ([.. batches], read);
            batches.Clear();
        }
        if (batches.Count > 0) yield return ([.. batches], read);
    }

    private TrainingStopReason StoppedByValidation() =>
        _cancellation.IsCancellationRequested ? TrainingStopReason.Cancelled : TrainingStopReason.EarlyStopping;

    /// <returns>Whether the weights were changed.</returns>
    private bool Step(TokenBatch[] batches)
    {
        batches = TokenBatch.OfOneStep(batches);
        long step = _optimizer.Steps;
        // An observer that looked at the model's answers may have left it in evaluation mode.
        if (!_model.training) _replicas.SetTraining(true);
        Activate(step);
        double weight = batches.Sum(_objective.Weight);
        _replicas.Reseed(replica => _random.Dropout(step, replica));
        double scale = _lossScale?.Scale ?? 1;
        _computing.Start();
        (double loss, double norm) = ForwardBackward(step, batches, weight, scale);
        (_state.Loss, norm) = (loss / weight, norm / weight / scale);
        _lossScale?.Update(double.IsFinite(norm));
        if (!double.IsFinite(_state.Loss) || (!double.IsFinite(norm) && (_lossScale is null || scale < LeastScale))) Diverged(norm);
        if (step % SafetyInterval == 0 || _safe.Step is null) _safe.Take(step);

        double rate = (_reaction?.LearningRate ?? _options.Optimizer.LearningRate) * _factors(step);
        if (double.IsFinite(norm)) Update(rate, norm, weight * scale);
        else _replicas.ClearGradients();
        _computing.Stop();
        long tokens = batches.Sum(batch => (long)batch.Tokens.Length);
        _state.Count(_optimizer.Steps, tokens, weight);

        double seconds = Math.Max(Elapsed.TotalSeconds, 1e-9);
        double remaining = seconds / Math.Max(1, _optimizer.Steps) * Math.Max(0, _totalSteps - _optimizer.Steps);
        TrainingStep report = new(_optimizer.Steps, _totalSteps, _state.Epoch, _state.Loss, rate, norm, tokens, _state.Tokens / seconds, remaining < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(remaining) : TimeSpan.MaxValue);
        Tell(observer => observer.Stepped(report));
        return double.IsFinite(norm);
    }

    private void Update(double rate, double norm, double divisor)
    {
        double clip = GradientClipping.Coefficient(norm, _options.MaximumGradientNorm);
        if (_momenta is not null) _optimizer.Momentum = _momenta(_optimizer.Steps);
        _optimizer.Step(rate, clip / divisor, _replicas.Pool);
        _average?.Update();
    }

    /// <returns>The summed loss and the norm of its gradient, which is in the masters' sums.</returns>
    private (double Loss, double Norm) ForwardBackward(long step, TokenBatch[] batches, double weight, double scale)
    {
        if (_anchor is null) return _replicas.ForwardBackward(_objective, batches, scale);
        FlatParameters parameters = _replicas.Parameters;
        (double loss, double norm) = _options.Mixout > 0 ? ForwardBackwardMixed(_anchor, step, batches, scale) : _replicas.ForwardBackward(_objective, batches, scale);
        if (_options.StartPenalty > 0) _anchor.AddPull(parameters.MasterGradients, _options.StartPenalty * weight * scale);
        return (loss, double.IsFinite(norm) ? FlatGradients.SumAndNorm(parameters.MasterGradients, [], _replicas.Pool) : norm);
    }

    private (double Loss, double Norm) ForwardBackwardMixed(PretrainedAnchor anchor, long step, TokenBatch[] batches, double scale)
    {
        FlatParameters parameters = _replicas.Parameters;
        anchor.Mix(_options.Mixout, _random.Mixout(step));
        parameters.PublishMasters();
        (double Loss, double Norm) result;
        try
        {
            result = _replicas.ForwardBackward(_objective, batches, scale);
        }
        catch
        {
            anchor.Abandon();
            throw;
        }
        anchor.Unmix(parameters.MasterGradients, _options.Mixout, _random.Mixout(step));
        parameters.PublishMasters();
        return result;
    }

    /// <summary>Lets the groups move whose time has come.</summary>
    private void Activate(long step)
    {
        for (int group = 0; group < _moving.Plan.Groups.Count; group++)
        {
            bool active = _moving.Plan.IsActive(group, _state.Epoch, step);
            _optimizer.SetActive(group, active);
            _replicas.SetMoving(_moving.Plan.Groups[group].Parameters, active);
        }
    }

    /// <returns>Whether training goes on.</returns>
    private bool Validate()
    {
        if (_validation is null) return true;
        _clock.Stop();
        _replicas.SetTraining(false);
        _average?.SwapIn();
        try
        {
            return Validated();
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            _average?.SwapOut();
            _replicas.SetTraining(true);
            _clock.Start();
        }
    }

    /// <returns>Whether training goes on.</returns>
    private bool Validated()
    {
        TrainingValidation validation = _tracker.Add(ModelEvaluation.Run(_model, _judge!, _validation!.Epoch(0), _optimizer.Steps, _replicas.Pool, _cancellation));
        string watched = _options.EarlyStopping?.Metric ?? EarlyStoppingOptions.Loss;
        _reaction?.Observe(watched == EarlyStoppingOptions.Loss ? validation.Loss : validation.Metrics[watched]);
        if (validation.Best && _options.RestoreBest)
        {
            _best.Take(_optimizer.Steps);
            _folder?.SaveBest(_optimizer.Steps, Views(_replicas.Parameters.Masters));
        }
        Tell(observer => observer.Validated(validation));
        return !_tracker.PatienceEnded;
    }

    private bool IsSaveDue() => _options.Checkpoints is { } when
        && ((when.EverySteps is long steps && _optimizer.Steps % steps == 0) || (when.EveryMinutes is double minutes && _sinceSave.Elapsed.TotalMinutes >= minutes));

    private void Save()
    {
        if (_folder is null) return;
        bool isLoop = _clock.IsRunning;
        _clock.Stop();
        (_state.Elapsed, _state.Computed) = (Elapsed, Computed);
        (_state.Validations, _state.BestStep, _state.Counters) = (_tracker.All, _best.Step, _optimizer.Counters);
        _state.Schedule = _reaction?.State;
        if (_lossScale is not null) (_state.LossScale, _state.LossScaleGrowth) = (_lossScale.Scale, _lossScale.GrowthTracker);
        Dictionary<string, IReadOnlyDictionary<string, Tensor>> tensors = new() { [WeightsName] = Views(_replicas.Parameters.Masters), [OptimizerName] = _optimizer.State };
        if (_average is not null)
        {
            tensors.Add(AverageName, Views(_average.Running));
            _state.AverageUpdates = _average.Updates;
        }
        _folder.Save(_state, tensors);
        _sinceSave.Restart();
        if (isLoop) _clock.Start();
        Tell(observer => observer.Saved(new TrainingSave(_optimizer.Steps, _options.Checkpoints!.Folder)));
    }

    private void Resume(string folder, TrainingState state, IReadOnlyList<string> passedOver)
    {
        (_state, _elapsedBefore, _computedBefore) = (state, state.Elapsed, state.Computed);
        if (_state.Ended == TrainingStopReason.Cancelled) _state.Ended = null;
        foreach (TrainingValidation validation in state.Validations) _tracker.Add(validation);
        IReadOnlyDictionary<string, Tensor> optimizer = StateFiles.ReadTensors(folder, OptimizerName);
        try
        {
            _optimizer.Restore(state.Steps, optimizer, state.Counters);
        }
        finally
        {
            foreach (Tensor tensor in optimizer.Values) tensor.Dispose();
        }
        Fill(_replicas.Parameters.Masters, StateFiles.ReadTensors(folder, WeightsName));
        _replicas.Parameters.PublishMasters();
        if (state.Schedule is { } schedule) _reaction?.Restore(schedule);
        if (state.LossScale is double scale) _lossScale?.Restore(scale, state.LossScaleGrowth);
        if (_average is not null)
        {
            Fill(_average.Running, StateFiles.ReadTensors(folder, AverageName));
            _average.Restore(state.AverageUpdates, _average.Running);
        }
        if (state.BestStep is long best) _best.Take(best, into => Fill(into, _folder!.ReadBest(best)));
        Tell(observer => observer.Resumed(new TrainingResumption(folder, state.Steps, passedOver)));
    }

    /// <summary>The parameters that a flat tensor holds, by name.</summary>
    private Dictionary<string, Tensor> Views(Tensor flat) => _replicas.Parameters.Entries.ToDictionary(entry => entry.Name, entry => FlatParameters.View(flat, entry), StringComparer.Ordinal);

    /// <summary>Writes parameters into a flat tensor, and frees them.</summary>
    private void Fill(Tensor flat, IReadOnlyDictionary<string, Tensor> values)
    {
        using IDisposable withoutGradients = no_grad();
        foreach (FlatParameter entry in _replicas.Parameters.Entries)
        {
            using Tensor view = FlatParameters.View(flat, entry);
            view.copy_(values[entry.Name]);
        }
        foreach (Tensor value in values.Values) value.Dispose();
    }

    private void Diverged(double norm)
    {
        // The loss of the present weights may be what is broken, so go back to weights whose loss and gradient were finite.
        if (_options.RestoreBest && _best.Step is not null) _state.WeightsStep = _best.Restore();
        else if (_safe.Step is not null) _state.WeightsStep = _safe.Restore();
        TrainingResult result = Result(TrainingStopReason.Diverged);
        Tell(observer => observer.Finished(result));
        string advice = _optimizer.Steps == 0
            ? "Nothing has been learnt yet, so look for NaN in the weights that the model came with (ModelEvaluation judges them) and for odd rows in the data."
            : "Try a lower learning rate, more warm-up steps, or a smaller MaximumGradientNorm, and look for odd rows in the data.";
        throw new TrainingDivergedException(string.Create(CultureInfo.InvariantCulture,
            $"Training needs a finite loss and gradient; at step {_optimizer.Steps + 1} the loss was {_state.Loss} and the gradient's norm {norm}. The model has the weights of step {_state.WeightsStep}. {advice}"), result);
    }

    private long TotalSteps()
    {
        long limit = _options.MaximumSteps ?? long.MaxValue, steps = 0;
        long epochs = _options.Epochs ?? long.MaxValue, counted = Math.Min(epochs, CountedEpochs), inEpoch = 0;
        for (int epoch = 0; steps < limit && epoch < counted; epoch++)
        {
            inEpoch = (_training.CountBatches(epoch) + (long)_options.AccumulatedBatches - 1) / _options.AccumulatedBatches;
            steps += inEpoch;
        }
        // The rest is taken to be like the last one counted; a product beyond all steps means no end.
        return (long)Math.Min(steps + ((double)inEpoch * (epochs - counted)), limit);
    }

    private TimeSpan Elapsed => _elapsedBefore + _clock.Elapsed;

    private TimeSpan Computed => _computedBefore + _computing.Elapsed;

    private TrainingResult Result(TrainingStopReason reason) =>
        new(reason, _optimizer.Steps, _state.WeightsStep, _state.Epoch, _state.Tokens, _state.Loss, _tracker.All, _plan, Elapsed) { ComputingTime = Computed, PeakMemory = _memory.Measured };

    private void Tell(Action<ITrainingObserver> what)
    {
        foreach (ITrainingObserver observer in _observers) what(observer);
    }
}
