using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Loss and metrics of a model over a whole data set.</summary>
public static class ModelEvaluation
{
    /// <summary>Evaluates a model: sums over all batches, divided once. The model is in evaluation mode meanwhile, and back in its own afterwards.</summary>
    /// <param name="model">The model.</param>
    /// <param name="objective">Its objective.</param>
    /// <param name="source">The data; its epoch 0 is read.</param>
    /// <param name="pool">Threads that share out the rows of each batch, all with this model; null: the caller's alone.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <exception cref="ArgumentException">The source has no targets.</exception>
    public static TrainingValidation Run(nn.Module model, IObjective objective, IBatchSource source, ReplicaPool? pool = null, CancellationToken cancellation = default)
    {
        NativeRuntime.Initialize();
        Require.NotNull(model);
        Require.NotNull(objective);
        Require.NotNull(source);
        bool training = model.training;
        model.eval();
        try
        {
            return Run(model, objective.Over(source.Epoch(0)), source.Epoch(0), step: 0, pool, cancellation);
        }
        finally
        {
            model.train(training);
        }
    }

    internal static TrainingValidation Run(nn.Module model, IObjective objective, IEnumerable<TokenBatch> batches, long step, ReplicaPool? pool, CancellationToken cancellation)
    {
        int replicas = pool?.Replicas ?? 1;
        double[] losses = new double[replicas];
        MetricSums[] metrics = Enumerable.Range(0, replicas).Select(_ => new MetricSums()).ToArray();
        double targets = 0;
        foreach (TokenBatch batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            targets += objective.Weight(batch);
            if (pool is null) Add(0);
            else pool.Run(Add);

            void Add(int replica)
            {
                if (batch.Share(replica, replicas) is not TokenBatch share || objective.Weight(share) <= 0) return;
                using var scope = NewDisposeScope();
                using var noGradients = no_grad();
                losses[replica] += objective.SummedLoss(model, share, metrics[replica]).to(ScalarType.Float32).item<float>();
            }
        }
        Require.Argument(targets > 0, "Validation data must have at least one target that is not ignored; it has none.", nameof(batches));
        MetricSums all = new();
        foreach (MetricSums part in metrics) all.Add(part);
        return new TrainingValidation(step, losses.Sum() / targets, all.Means(), targets);
    }
}
