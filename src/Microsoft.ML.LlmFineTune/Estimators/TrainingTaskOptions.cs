using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What all tasks that train a model can be told. Immutable; checked when the estimator is made.</summary>
public abstract record TrainingTaskOptions
{
    private protected TrainingTaskOptions()
    {
    }

    /// <summary>The text column. Default "Text".</summary>
    public string TextColumnName { get; init; } = "Text";

    /// <summary>Passes over the training data, at least 1; null: as many as <see cref="MaximumSteps"/> takes. Default 3.</summary>
    public int? Epochs { get; init; } = 3;

    /// <summary>Optimizer steps after which training ends even within an epoch, at least 1. Default null: no such limit.</summary>
    public long? MaximumSteps { get; init; }

    /// <summary>Rows a step, at least 1: texts in classification; in pretraining (<see cref="CausalPretrainingOptions.PackTexts"/>) rows that many short texts are packed into. Few texts need a small one, or many epochs. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Batches of rows whose gradients make one step, at least 1: as if <see cref="BatchSize"/> were so many times larger, in the memory of one. Default 1.</summary>
    public int AccumulatedBatches { get; init; } = 1;

    /// <summary>The peak learning rate of AdamW; greater than 0. Default null: 0.0005. An <see cref="Optimizer"/> of your own brings its rate along.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The optimizer and its settings; default null: AdamW with <see cref="LearningRate"/>, <see cref="WeightDecay"/> and <see cref="Beta2"/>, which must then not be set besides.</summary>
    public OptimizerOptions? Optimizer { get; init; }

    /// <summary>The shape of the learning rate over the run. Default <see cref="CosineSchedule"/>, down to 0; <c>new CosineSchedule { Floor = 0.1 }</c> ends at a tenth of the peak.</summary>
    public LearningRateSchedule Schedule { get; init; } = new CosineSchedule();

    /// <summary>The part of all steps over which the learning rate rises from 0 to its peak, from 0 to less than 1. Default 0.05. Read when <see cref="Schedule"/> has neither a warm-up nor a rise of its own.</summary>
    public double WarmupFraction { get; init; } = 0.05;

    /// <summary>AdamW's decay of matrices, multiplied by the learning rate; 0 or greater. Default null: 0.01.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>AdamW's decay rate of the second moment, at least 0 and less than 1. Default null: 0.99.</summary>
    public double? Beta2 { get; init; }

    /// <summary>Gradients longer than this (Euclidean norm) are scaled down to it; greater than 0; null: no clipping. Default 1.</summary>
    public double? MaximumGradientNorm { get; init; } = 1;

    /// <summary>Which weights move, since when, and how fast (the last layers only, gradual unfreezing, rates that fall from layer to layer). Default null: all from the first step on, at one rate.</summary>
    public FreezingOptions? Freezing { get; init; }

    /// <summary>
    /// What is trained beside the frozen model instead of the model: LoRA and its kin, IA3, virtual tokens (the head, where the task has a new one, is trained too). It is made a part of the weights in the end, so that what is
    /// fitted is an ordinary model. What cannot be a part of them (virtual tokens, an adapter of a tied embedding) stays in the fitted model, scores with it and is saved with it. <see cref="AdapterFolder"/> keeps it by itself
    /// besides. Virtual tokens take positions of the model, which texts have the fewer of. Default null: the model is trained.
    /// </summary>
    public AdapterOptions? Adapter { get; init; }

    /// <summary>Where the trained <see cref="Adapter"/> is saved, in PEFT's layout. Default null: nowhere.</summary>
    public string? AdapterFolder { get; init; }

    /// <summary>
    /// Keeps the linear layers of the base in four bits a number while its <see cref="Adapter"/> is trained (QLoRA): about an eighth of float32's memory. What is fitted is an ordinary model again, whose weights are the numbers that the
    /// four bits stand for and, in them, what the adapter learnt: what was trained and validated. Default null: the base stays as it is.
    /// </summary>
    public Nf4Options? BaseQuantization { get; init; }

    /// <summary>
    /// Where the state of training is saved now and then. <c>Fit</c> with the same model, data and options and a folder that holds a state goes on from it, and ends with the same weights as if it had not been interrupted.
    /// Default null: nowhere.
    /// </summary>
    public CheckpointOptions? Checkpoints { get; init; }

    /// <summary>In what numbers the model computes while it trains. Default null: in those of its weights.</summary>
    public TrainingPrecision? Precision { get; init; }

    /// <summary>
    /// Changes what has been made of these options before training starts: for everything else that training can be told (<see cref="TrainingOptions"/>). Default null.
    /// </summary>
    /// <example><code>Configure = training => training with { Mixout = 0.9, StartPenalty = 0.01 }</code></example>
    public Func<TrainingOptions, TrainingOptions>? Configure { get; init; }

    /// <summary>Rows to validate on, with the columns that training reads; they are read as they are, not through the estimators that stand before in a pipeline. Default null: no validation.</summary>
    public IDataView? ValidationData { get; init; }

    /// <summary>Steps between validations, at least 1. Default null: at the end of every epoch. Read when there is <see cref="ValidationData"/>.</summary>
    public long? ValidationInterval { get; init; }

    /// <summary>Validations in a row without improvement (of the loss in pretraining, of the accuracy in classification; equal is none) after which training ends, at least 1; null: never. Default 3. Read when there is <see cref="ValidationData"/>; the best weights are taken in any case, between equals those of the lower loss.</summary>
    public int? Patience { get; init; } = 3;

    /// <summary>Seed of everything random: initial weights, order of rows, dropout. Default null: drawn from the <c>MLContext</c>, whose seed then decides.</summary>
    public long? Seed { get; init; }

    /// <summary>Replicas of the model that share out the rows of a step, at least 1. Default null: by <see cref="ReplicaPlan"/>'s rule.</summary>
    public int? Replicas { get; init; }

    /// <summary>Where to train and score. Default <see cref="ComputeDevice.Auto"/>: the first CUDA device, or the CPU.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Auto;

    /// <summary>Who is told of every step, for example a progress line. Default: nobody. What <c>MLContext.Log</c> gets does not depend on it.</summary>
    public IReadOnlyList<ITrainingObserver> Observers { get; init; } = [];

    /// <summary>Ends training after the step that is being taken; <c>Fit</c> then gives what was learnt so far (the best weights, where there was a validation), and throws <see cref="OperationCanceledException"/> only where training had not started. Default: never.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public virtual void Validate()
    {
        Require.Text(TextColumnName);
        Require.AtLeast(BatchSize, 1);
        Require.Below(WarmupFraction, 0.0, 1.0);
        Require.Argument(Require.NotNull(Observers).All(observer => observer is not null), "Observers must not hold null.", nameof(Observers));
        if (Patience is int patience) Require.AtLeast(patience, 1, nameof(Patience));
        if (Optimizer is not null)
        {
            (string Name, bool IsSet)[] others = [(nameof(LearningRate), LearningRate is not null), (nameof(WeightDecay), WeightDecay is not null), (nameof(Beta2), Beta2 is not null)];
            foreach ((string name, bool isSet) in others)
                Require.Argument(!isSet, $"{nameof(Optimizer)} and {name} contradict each other: {name} is AdamW's, which {nameof(Optimizer)} takes the place of. Set it in {nameof(Optimizer)}.", name);
        }
        Require.Argument(AdapterFolder is null || Adapter is not null, $"{nameof(AdapterFolder)} is where a trained {nameof(Adapter)} is saved; there is none. Set {nameof(Adapter)}, or leave {nameof(AdapterFolder)} null.", nameof(AdapterFolder));
        Require.Argument(BaseQuantization is null || Adapter is not null, $"{nameof(BaseQuantization)} is for the base of an {nameof(Adapter)}, since weights in four bits learn nothing; there is none. Set {nameof(Adapter)}, or leave {nameof(BaseQuantization)} null.", nameof(BaseQuantization));
        if (AdapterFolder is not null) Require.Text(AdapterFolder);
        Adapter?.Validate();
        TrainingOptions training = ForTraining(seed: 0);
        training.Validate();
        Require.Argument(training.Schedule is not ReactiveSchedule || ValidationData is not null, $"{nameof(Schedule)} {training.Schedule.GetType().Name} follows validations, which need {nameof(ValidationData)}; received none. Set {nameof(ValidationData)}, or take another schedule.", nameof(ValidationData));
    }

    private protected abstract string WatchedMetric { get; }

    /// <summary>Positions of a model that are a text's while it is trained.</summary>
    /// <exception cref="ArgumentException">The model has an adapter already where another is asked for, or virtual tokens leave no room.</exception>
    internal int TextPositions(TextModel model)
    {
        if (Adapter is null)
            return model.Backbone.TextLength;
        Require.Argument(KeptAdapter.Of(model.Backbone) is not string present,
            $"{nameof(Adapter)} is trained beside a model's weights; this model has the adapter '{KeptAdapter.Of(model.Backbone)}' already. Call MergeAndRemove of its ModelAdapters or give the model without it, or leave {nameof(Adapter)} null to train the one that it has.", nameof(Adapter));
        int positions = model.Config.MaximumLength - Adapter.TakenPositions;
        Require.Argument(positions >= 2, $"{nameof(Adapter)} must leave at least 2 of the model's {model.Config.MaximumLength} positions to a text; its virtual tokens are {Adapter.TakenPositions}.", nameof(Adapter));
        return positions;
    }

    internal TrainingOptions ForTraining(long seed)
    {
        TrainingOptions training = new()
        {
            Epochs = Epochs,
            MaximumSteps = MaximumSteps,
            AccumulatedBatches = AccumulatedBatches,
            Optimizer = Optimizer ?? new AdamWOptions { LearningRate = LearningRate ?? 5e-4, WeightDecay = WeightDecay ?? 0.01, Beta2 = Beta2 ?? 0.99 },
            Schedule = Require.NotNull(Schedule).HasOwnRise || Schedule.WarmupSteps is not null || Schedule.WarmupFraction is not null ? Schedule : Schedule with { WarmupFraction = WarmupFraction },
            MaximumGradientNorm = MaximumGradientNorm,
            Freezing = Freezing,
            Checkpoints = Checkpoints,
            Precision = Precision,
            ValidationInterval = ValidationInterval,
            // Without patience nothing ends early; the best weights are those of the same metric.
            EarlyStopping = ValidationData is null ? null : new EarlyStoppingOptions
            {
                Patience = Patience ?? int.MaxValue,
                Metric = WatchedMetric,
                HigherIsBetter = WatchedMetric != EarlyStoppingOptions.Loss,
            },
            Seed = seed,
            Replicas = Replicas,
            Device = Device,
        };
        return Configure is null ? training : Configure(training) ?? throw new ArgumentException($"{nameof(Configure)} must give options; it gave null.", nameof(Configure));
    }
}
