using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A model and its replicas: shared weights, a gradient and a thread each.</summary>
internal sealed class ModelReplicas : IDisposable
{
    private readonly nn.Module[] _modules;
    private readonly FlatParameters[] _parameters;
    private readonly BackboneModel[][] _backbones;

    /// <summary>Makes the model's parameters flat and its replicas share them.</summary>
    public ModelReplicas(nn.Module model, ReplicaPlan plan)
    {
        _modules = new nn.Module[plan.Replicas];
        _parameters = new FlatParameters[plan.Replicas];
        (_modules[0], _parameters[0]) = (model, FlatParameters.Adopt(model));
        for (int i = 1; i < plan.Replicas; i++)
        {
            _modules[i] = ((IReplicable)model).CreateLike();
            _parameters[i] = _parameters[0].ShareWith(_modules[i]);
        }
        _backbones = [.. _modules.Select(ActivationRecomputation.Backbones)];
        Gradients = _parameters.Select(parameters => parameters.Gradients).ToArray();
        Pool = new ReplicaPool(plan.Replicas, plan.ThreadsPerReplica);
    }

    /// <summary>Whether memory that a step has freed goes back to the system.</summary>
    public bool ReturnsFreedMemory { get; init; }

    /// <summary>The threads.</summary>
    public ReplicaPool Pool { get; }

    /// <summary>The model's own flat parameters.</summary>
    public FlatParameters Parameters => _parameters[0];

    /// <summary>The flat gradients of all replicas, the model's first.</summary>
    public IReadOnlyList<Tensor> Gradients { get; }

    /// <summary>Switches all replicas to training or evaluation.</summary>
    public void SetTraining(bool training)
    {
        foreach (nn.Module module in _modules) module.train(training);
    }

    /// <summary>Forward and backward of the replicas' shares of the batches; gradients are added to <see cref="Gradients"/>.</summary>
    /// <returns>The summed loss.</returns>
    public double ForwardBackward(Losses.IObjective objective, IReadOnlyList<Batches.TokenBatch> batches, Func<int, RandomStream> dropout)
    {
        double[] losses = new double[_modules.Length];
        Pool.Run(replica =>
        {
            nn.Module module = _modules[replica];
            (module as IReplicable)?.Reseed(dropout(replica));
            foreach (Batches.TokenBatch batch in batches)
            {
                if (batch.Share(replica, _modules.Length) is not { TargetCount: > 0 } share) continue;
                using var scope = NewDisposeScope();
                Tensor loss;
                // What forward leaves behind goes before backward begins: the graph keeps what it needs, and lets go of it as backward passes.
                using (NewDisposeScope()) loss = objective.SummedLoss(module, share).MoveToOuterDisposeScope();
                loss.backward();
                // What went wrong when activations were computed again could not be thrown by backward.
                foreach (BackboneModel backbone in _backbones[replica]) backbone.Checkpoints.ThrowIfFailed();
                losses[replica] += loss.item<float>();
            }
        });
        if (ReturnsFreedMemory) FreedMemory.Return();
        return losses.Sum();
    }

    /// <summary>Ends the threads and releases everything but the model, whose parameters stay as they are, with no gradients.</summary>
    public void Dispose()
    {
        Pool.Dispose();
        foreach (nn.Module replica in _modules.Skip(1)) replica.Dispose();
        using (no_grad())
        {
            foreach (var parameter in _modules[0].parameters()) parameter.grad = null;
        }
        foreach (FlatParameters parameters in _parameters) parameters.Dispose();
    }
}
