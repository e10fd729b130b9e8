using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Fits a linear model by L-BFGS, with L1 and L2 regularization.</summary>
public abstract class LbfgsTrainerBase<TOptions, TTransformer, TModel> : TrainerEstimatorBase<TTransformer, TModel>
    where TOptions : LbfgsTrainerBase<TOptions, TTransformer, TModel>.OptionsBase, new()
    where TTransformer : ISingleFeaturePredictionTransformer<TModel>
    where TModel : class
{
    private static readonly TrainerInfo TheInfo = new(normalization: true, calibration: false, caching: true);

    private readonly TOptions _options;

    private protected LbfgsTrainerBase(IHostEnvironment env, TOptions options, SchemaShape.Column labelColumn)
        : base(
            Contracts.CheckRef(env, nameof(env)).Register(nameof(LbfgsTrainerBase<TOptions, TTransformer, TModel>)),
            new SchemaShape.Column(options.FeatureColumnName, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false),
            labelColumn,
            options.ExampleWeightColumnName == null ? default : new SchemaShape.Column(options.ExampleWeightColumnName, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single, false))
    {
        _options = options;
        Host.CheckUserArg(options.NumberOfThreads is null or > 0, nameof(options.NumberOfThreads), "Must be positive (or empty for default)");
        Host.CheckUserArg(options.L2Regularization >= 0, nameof(options.L2Regularization), "Must be non-negative");
        Host.CheckUserArg(options.L1Regularization >= 0, nameof(options.L1Regularization), "Must be non-negative");
        Host.CheckUserArg(options.OptimizationTolerance > 0, nameof(options.OptimizationTolerance), "Must be positive");
        Host.CheckUserArg(options.HistorySize > 0, nameof(options.HistorySize), "Must be positive");
        Host.CheckUserArg(options.MaximumNumberOfIterations > 0, nameof(options.MaximumNumberOfIterations), "Must be positive");
    }

    public override TrainerInfo Info => TheInfo;

    private protected abstract RowLoss MakeLoss(DataViewSchema.Column label, int features);

    private protected abstract TModel MakeModel(float[] parameters, DataViewSchema.Column label, int features);

    private protected sealed override TModel Train(IDataView data)
    {
        var label = data.Schema[LabelColumn.Name];
        int features = data.Schema[FeatureColumn.Name].Type.GetVectorSize();
        var loss = MakeLoss(label, features);
        if ((long)loss.Classes * features >= Array.MaxLength)
            throw Contracts.ExceptParam(nameof(data), $"The number of model parameters which is equal to ('# of features' + 1) * '# of classes' should be less than or equal to {Array.MaxLength}.");
        using var channel = Host.Start("Training");
        return MakeModel(Minimize(channel, new LabeledRows(data, FeatureColumn.Name, LabelColumn.Name, _options.ExampleWeightColumnName), loss), label, features);
    }

    private float[] Minimize(IChannel channel, LabeledRows data, RowLoss loss)
    {
        var (rows, count, weight) = Prepare(channel, data);
        var objective = new RegularizedObjective(rows, loss, _options.L2Regularization, weight);
        using var optimizerChannel = Host.Start("LBFGS Optimizer");
        Minimizer minimizer = _options.L1Regularization > 0
            ? new OrthantMinimizer(optimizerChannel, objective.Evaluate, Start(loss.Parameters), loss.Classes, _options.L1Regularization / count, _options.HistorySize, _options.EnforceNonNegativity)
            : new SmoothMinimizer(optimizerChannel, objective.Evaluate, Start(loss.Parameters), _options.HistorySize, _options.EnforceNonNegativity);
        string premature = null;
        try
        {
            minimizer.Minimize(new MeanImprovement(_options.OptimizationTolerance, 0.25f, _options.MaximumNumberOfIterations));
        }
        catch (PrematureConvergenceException e)
        {
            premature = e.Message;
        }
        optimizerChannel.Dispose();

        if (premature != null && !_options.Quiet)
            channel.Warning($"Premature convergence occurred. The OptimizationTolerance may be set too small. {premature}");
        if (_options.L1Regularization > 0 && !_options.Quiet)
            channel.Info($"L1 regularization selected {loss.Classes + minimizer.NewX.Skip(loss.Classes).Count(w => w != 0)} of {loss.Parameters} weights.");
        return minimizer.NewX;
    }

    /// <summary>Counts the usable rows; several threads hold them in memory, one thread reads the data at each evaluation.</summary>
    private (IRowSource Rows, long Count, double Weight) Prepare(IChannel channel, LabeledRows data)
    {
        int threads = _options.NumberOfThreads ?? Environment.ProcessorCount;
        if (threads > 1)
        {
            channel.Info("LBFGS multi-threading will attempt to load dataset into memory. In case of out-of-memory "
                + "issues, add 'numThreads=1' to the trainer arguments and 'cache=-' to the command line arguments to turn off multi-threading.");
        }
        var held = new List<(VBuffer<float>, float, float)>();
        double weight = 0;
        using var cursor = data.Walk();
        while (cursor.MoveNext())
        {
            weight += cursor.Weight;
            if (threads > 1)
            {
                held.Add((cursor.Features, cursor.Label, cursor.Weight));
                cursor.Features = default;
            }
        }
        channel.Check(cursor.Kept > 0, "No valid training instances found, all instances have missing features.");
        if (cursor.Skipped > 0)
            channel.Warning($"Skipped {cursor.Skipped} instances with missing features/label/weight during training");
        if (threads == 1)
            return (new RowsByCursor(data), cursor.Kept, weight);

        // A thread that has only a handful of rows isn't worth starting.
        if (cursor.Kept / threads < 10)
        {
            int fewer = Math.Max(1, (int)cursor.Kept / 100);
            channel.Warning($"Too few instances to use {threads} threads, decreasing to {fewer} thread(s)");
            threads = fewer;
        }
        return (new RowsInMemory(held, threads), cursor.Kept, weight);
    }

    private float[] Start(int parameters)
    {
        var start = new float[parameters];
        if (_options.InitialWeightsDiameter > 0)
        {
            for (int i = 0; i < start.Length; i++)
                start[i] = _options.InitialWeightsDiameter * (Host.Rand.NextSingle() - 0.5f);
        }
        return start;
    }

    public abstract class OptionsBase : TrainerInputBaseWithWeight
    {
        /// <summary>No weight, biases included, below 0.</summary>
        public bool EnforceNonNegativity = false;

        /// <summary>Steps that the approximation of the Hessian remembers.</summary>
        public int HistorySize = 20;

        /// <summary>Weights start within half of this around 0.</summary>
        public float InitialWeightsDiameter = 0;

        public float L1Regularization = 1;

        public float L2Regularization = 1;

        public int MaximumNumberOfIterations = int.MaxValue;

        /// <summary>One for each processor where this is null.</summary>
        public int? NumberOfThreads;

        /// <summary>Mean improvement of the loss below which training ends.</summary>
        public float OptimizationTolerance = 1e-7f;

        /// <summary>Leaves out what training found out, on the log.</summary>
        public bool Quiet = false;
    }
}
