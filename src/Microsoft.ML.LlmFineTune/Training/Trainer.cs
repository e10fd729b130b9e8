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

/// <summary>
/// The one training loop: batches, shared out to replicas in threads, gradients summed in a fixed order, clipping, AdamW, schedule, validation,
/// early stopping, the best weights at the end. The same seed, plan and machine give the same weights.
/// </summary>
public sealed class Trainer
{
    /// <summary>Steps between copies of the weights that a divergence goes back to.</summary>
    private const int SafetyInterval = 50;

    /// <summary>Epochs whose steps are counted one by one before training starts: "until it stops improving" may be a million.</summary>
    private const int CountedEpochs = 1000;

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
        options.Validate();
        string metric = options.EarlyStopping?.Metric ?? EarlyStoppingOptions.Loss;
        Require.Argument(metric == EarlyStoppingOptions.Loss || objective.Metrics.Contains(metric),
            $"EarlyStopping.Metric must be one of {string.Join(", ", objective.Metrics.Prepend(EarlyStoppingOptions.Loss))}; received {metric}.", nameof(options));
    }

    /// <summary>Trains.</summary>
    /// <param name="training">The training data.</param>
    /// <param name="validation">The validation data; its epoch 0 is read whole at each validation. Null: none.</param>
    /// <param name="cancellation">Ends training after the step that is being taken; the result says so.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="ArgumentException">The data has no targets, or early stopping has no validation data.</exception>
    /// <exception cref="TrainingDivergedException">The loss or the gradient was not finite; the model has the last good weights.</exception>
    public TrainingResult Train(IBatchSource training, IBatchSource? validation = null, CancellationToken cancellation = default)
    {
        Require.NotNull(training);
        Require.Argument(_options.EarlyStopping is null || validation is not null, "EarlyStopping needs validation data; received none.", nameof(validation));
        Device device = _options.Device.Resolve();
        _model.to(device);
        using IDisposable? recomputation = _options.RecomputeActivations ? ActivationRecomputation.Use(_model, recompute: true) : null;

        TokenBatch largest = training.Epoch(0).Take(8).MaxBy(batch => batch.Tokens.Length)
            ?? throw new ArgumentException("Training data must have at least one batch; it has none.", nameof(training));
        long parameters = _model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());
        int? requested = _model is IReplicable ? _options.Replicas : 1;
        ReplicaPlan plan = ReplicaPlan.For(NativeRuntime.Threads, parameters, largest.Rows, largest.Tokens.Length, device.type, requested);
        using Run run = new(this, training, validation, plan, cancellation);
        return run.Execute(device);
    }

    /// <summary>The state of one call of <see cref="Train"/>.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Trainer _trainer;
        private readonly TrainingOptions _options;
        private readonly IBatchSource _training;
        private readonly IBatchSource? _validation;
        private readonly ReplicaPlan _plan;
        private readonly CancellationToken _cancellation;
        private readonly bool _wasTraining;
        private readonly ModelReplicas _replicas;
        private readonly FlatAdamWOptimizer _optimizer;
        private readonly WeightsSnapshot _best, _safe;
        private readonly ValidationTracker _tracker;
        private readonly RandomStreams _random;
        private readonly Stopwatch _clock = new();
        private readonly long _totalSteps;
        private readonly Func<long, double> _factors;
        private long _tokens, _weightsStep;
        private int _epochs;
        private double _loss = double.NaN;

        public Run(Trainer trainer, IBatchSource training, IBatchSource? validation, ReplicaPlan plan, CancellationToken cancellation)
        {
            (_trainer, _options, _training, _validation, _plan, _cancellation) = (trainer, trainer._options, training, validation, plan, cancellation);
            _wasTraining = trainer._model.training;
            _replicas = new ModelReplicas(trainer._model, plan) { ReturnsFreedMemory = _options.ReturnFreedMemory };
            _optimizer = new FlatAdamWOptimizer(_replicas.Parameters, _options.Optimizer);
            _best = new WeightsSnapshot(_replicas.Parameters.Weights);
            _safe = new WeightsSnapshot(_replicas.Parameters.Weights);
            _tracker = new ValidationTracker(_options.EarlyStopping);
            _random = new RandomStreams(_options.Seed);
            _totalSteps = TotalSteps();
            _factors = _options.Factors(_totalSteps);
        }

        public TrainingResult Execute(Device device)
        {
            Tell(observer => observer.Started(new TrainingStart(_options, _plan, _replicas.Parameters.ParameterCount, _totalSteps, device.ToString())));
            _replicas.SetTraining(true);
            TrainingStopReason reason = Loop();
            if (_options.RestoreBest && _best.Step is long bestStep && bestStep != _weightsStep) _weightsStep = _best.Restore();
            TrainingResult result = Result(reason);
            Tell(observer => observer.Finished(result));
            return result;
        }

        public void Dispose()
        {
            _safe.Dispose();
            _best.Dispose();
            _optimizer.Dispose();
            _replicas.Dispose();
            _trainer._model.train(_wasTraining);
        }

        private TrainingStopReason Loop()
        {
            for (int epoch = 0; _options.Epochs is not int last || epoch < last; epoch++)
            {
                double epochLoss = 0;
                long epochTargets = 0;
                foreach (TokenBatch[] batches in _training.Epoch(epoch).Where(batch => batch.TargetCount > 0).Chunk(_options.AccumulatedBatches))
                {
                    if (_cancellation.IsCancellationRequested) return TrainingStopReason.Cancelled;
                    long targets = batches.Sum(batch => (long)batch.TargetCount);
                    Step(epoch, batches, targets);
                    epochLoss += _loss * targets;
                    epochTargets += targets;
                    if (_options.ValidationInterval is long interval && _optimizer.Steps % interval == 0 && !Validate()) return StoppedByValidation();
                    if (_optimizer.Steps == _options.MaximumSteps)
                    {
                        return _tracker.All.LastOrDefault()?.Step == _optimizer.Steps || Validate() ? TrainingStopReason.Completed : StoppedByValidation();
                    }
                }
                Require.Argument(epochTargets > 0, "Training data must have at least one target that is not ignored; it has none.", "training");
                _epochs++;
                Tell(observer => observer.EpochEnded(new TrainingEpoch(epoch, _optimizer.Steps, epochLoss / epochTargets)));
                if (_options.ValidationInterval is null && !Validate()) return StoppedByValidation();
            }
            // With validations every so many steps, the last weights are judged too.
            if (_tracker.All.LastOrDefault()?.Step != _optimizer.Steps && !Validate() && _cancellation.IsCancellationRequested) return TrainingStopReason.Cancelled;
            return TrainingStopReason.Completed;
        }

        private TrainingStopReason StoppedByValidation() =>
            _cancellation.IsCancellationRequested ? TrainingStopReason.Cancelled : TrainingStopReason.EarlyStopping;

        private void Step(int epoch, TokenBatch[] batches, long targets)
        {
            _clock.Start();
            long step = _optimizer.Steps;
            _loss = _replicas.ForwardBackward(_trainer._objective, batches, replica => _random.Dropout(step, replica)) / targets;
            double norm = FlatGradients.SumAndNorm(_replicas.Gradients, _replicas.Pool) / targets;
            if (!double.IsFinite(_loss) || !double.IsFinite(norm)) Diverged(norm);
            if (step % SafetyInterval == 0) _safe.Take(step);

            double rate = _options.Optimizer.LearningRate * _factors(step);
            double clip = GradientClipping.Coefficient(norm, _options.MaximumGradientNorm);
            _optimizer.Step(rate, clip / targets, _replicas.Pool);
            _weightsStep = _optimizer.Steps;
            long tokens = batches.Sum(batch => (long)batch.Tokens.Length);
            _tokens += tokens;
            _clock.Stop();

            double seconds = Math.Max(_clock.Elapsed.TotalSeconds, 1e-9);
            TimeSpan remaining = TimeSpan.FromSeconds(seconds / _optimizer.Steps * Math.Max(0, _totalSteps - _optimizer.Steps));
            TrainingStep report = new(_optimizer.Steps, _totalSteps, epoch, _loss, rate, norm, tokens, _tokens / seconds, remaining);
            Tell(observer => observer.Stepped(report));
        }

        /// <returns>Whether training goes on.</returns>
        private bool Validate()
        {
            if (_validation is null) return true;
            _replicas.SetTraining(false);
            TrainingValidation validation;
            try
            {
                validation = ModelEvaluation.Run(_trainer._model, _trainer._objective, _validation.Epoch(0), _optimizer.Steps, _replicas.Pool, _cancellation);
            }
            catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
            {
                return false;
            }
            finally
            {
                _replicas.SetTraining(true);
            }
            validation = _tracker.Add(validation);
            if (validation.Best && _options.RestoreBest) _best.Take(_optimizer.Steps);
            Tell(observer => observer.Validated(validation));
            return !_tracker.PatienceEnded;
        }

        private void Diverged(double norm)
        {
            // The loss of the present weights may be what is broken, so go back to weights whose loss and gradient were finite.
            if (_options.RestoreBest && _best.Step is not null) _weightsStep = _best.Restore();
            else if (_safe.Step is not null) _weightsStep = _safe.Restore();
            TrainingResult result = Result(TrainingStopReason.Diverged);
            Tell(observer => observer.Finished(result));
            throw new TrainingDivergedException(string.Create(CultureInfo.InvariantCulture,
                $"Training needs a finite loss and gradient; at step {_optimizer.Steps + 1} the loss was {_loss} and the gradient's norm {norm}. The model has the weights of step {_weightsStep}. Try a lower learning rate, more warm-up steps, or a smaller MaximumGradientNorm, and look for odd rows in the data."), result);
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

        private TrainingResult Result(TrainingStopReason reason) =>
            new(reason, _optimizer.Steps, _weightsStep, _epochs, _tokens, _loss, _tracker.All, _plan, _clock.Elapsed);

        private void Tell(Action<ITrainingObserver> what)
        {
            foreach (ITrainingObserver observer in _trainer._observers) what(observer);
        }
    }
}
