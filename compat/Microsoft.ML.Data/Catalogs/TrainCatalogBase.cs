using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>What the catalogs of tasks share: the environment, trainers, and training on folds.</summary>
public abstract class TrainCatalogBase : IInternalCatalog
{
    private protected TrainCatalogBase(IHostEnvironment env) => Environment = env;

    private protected IHostEnvironment Environment { get; }

    IHostEnvironment IInternalCatalog.Environment => Environment;

    /// <summary>Fits the estimator once for each fold, without it, and scores the fold with the model.</summary>
    private protected CrossValidationResult<T>[] CrossValidate<T>(IDataView data, IEstimator<ITransformer> estimator, int numberOfFolds, string samplingKeyColumn, int? seed, Func<IDataView, T> evaluate)
        where T : class
    {
        Environment.CheckValue(data, nameof(data));
        Environment.CheckValue(estimator, nameof(estimator));
        Environment.CheckParam(numberOfFolds > 1, "numFolds", "Must be more than 1");
        var folds = new List<(ITransformer Model, IDataView Scored)>();
        foreach (var split in DataOperationsCatalog.MakeFolds(Environment, data, numberOfFolds, samplingKeyColumn, seed))
        {
            var model = estimator.Fit(split.TrainSet);
            folds.Add((model, model is ITransformerChain chain ? chain.Transform(split.TestSet, TransformerScope.Everything) : model.Transform(split.TestSet)));
        }
        // All folds are trained before the first one is judged.
        return folds.Select((fold, index) => new CrossValidationResult<T>(fold.Model, evaluate(fold.Scored), fold.Scored, index)).ToArray();
    }

    public sealed class CrossValidationResult<T> where T : class
    {
        public readonly T Metrics;
        public readonly ITransformer Model;
        public readonly IDataView ScoredHoldOutSet;
        public readonly int Fold;

        internal CrossValidationResult(ITransformer model, T metrics, IDataView scores, int fold)
        {
            Model = model;
            Metrics = metrics;
            ScoredHoldOutSet = scores;
            Fold = fold;
        }
    }

    public abstract class CatalogInstantiatorBase : IInternalCatalog
    {
        private protected CatalogInstantiatorBase(TrainCatalogBase catalog) => Owner = catalog;

        internal TrainCatalogBase Owner { get; }

        IHostEnvironment IInternalCatalog.Environment => Owner.Environment;
    }
}
