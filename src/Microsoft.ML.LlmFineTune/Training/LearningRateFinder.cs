using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// A learning-rate range test (Smith: "Cyclical Learning Rates for Training Neural Networks", 2017): a short training run whose rate rises from step to step, after which the model is what it was.
/// <see cref="RateCurve.Suggest"/> of its result is a peak rate to begin with.
/// </summary>
public static class LearningRateFinder
{
    /// <summary>Runs the test with the <see cref="Trainer"/>: until all rates are tried, or the loss has grown beyond all bounds, which is a result, too.</summary>
    /// <param name="model">The model; it is moved to the device of the options. Its weights, buffers, mode and what of it moves are afterwards to the bit what they were.</param>
    /// <param name="objective">What is made smaller.</param>
    /// <param name="options">
    /// How training will go. Optimizer (its rate aside), clipping, accumulation, precision, freezing, replicas and seed are as there; length, schedule, validation, early stopping, averaging and checkpoints are not read.
    /// </param>
    /// <param name="training">The training data; begun anew where it has fewer steps than the test.</param>
    /// <param name="range">Which rates are tried; null: the defaults.</param>
    /// <param name="cancellation">Ends the test after the step that is being taken; the curve is what there is of it then, and not <see cref="RateCurve.IsFinished"/>.</param>
    /// <returns>The losses by rate. A loss that is not finite is no point of it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, the optimizer takes no rate from a schedule, or the data has no targets.</exception>
    public static RateCurve Run(nn.Module model, IObjective objective, TrainingOptions options, IBatchSource training, RateRangeOptions? range = null, CancellationToken cancellation = default)
    {
        NativeRuntime.Initialize();
        Require.NotNull(model);
        Require.NotNull(Require.NotNull(options).Optimizer);
        Require.Argument(options.Optimizer is not AdafactorOptions { RelativeStep: true }, "A range test needs an optimizer that takes its rate from the schedule; received AdafactorOptions with RelativeStep, which finds one by itself. Set RelativeStep to false.", nameof(options));
        range ??= new RateRangeOptions();
        RateCurve curve = new(range);
        TrainingOptions trial = options with
        {
            Epochs = null,
            MaximumSteps = range.Steps,
            Schedule = new RateRampSchedule(range, options.Optimizer.LearningRate),
            ValidationInterval = null,
            EarlyStopping = null,
            RestoreBest = false,
            WeightAverage = null,
            Checkpoints = null,
        };
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Trainer trainer = new(model, objective, trial, new CurveObserver(curve, ended));
        using PreservedModel preserved = new(model);
        try
        {
            trainer.Train(training, cancellation: ended.Token);
        }
        catch (TrainingDivergedException)
        {
            if (!curve.IsFinished) curve.Add(double.NaN);
        }
        return curve;
    }

    /// <summary>Puts every step into the curve, and ends training with it.</summary>
    private sealed class CurveObserver(RateCurve curve, CancellationTokenSource ended) : ITrainingObserver
    {
        public void Stepped(TrainingStep step)
        {
            // A step that a loss scale left out has the number of the one before, and its rate comes again.
            if (step.Step > curve.Points.Count) curve.Add(step.Loss);
            if (curve.IsFinished) ended.Cancel();
        }
    }
}
