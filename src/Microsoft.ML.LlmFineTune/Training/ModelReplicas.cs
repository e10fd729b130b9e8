using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A model and its replicas: shared weights, a gradient and a thread each.</summary>
internal sealed class ModelReplicas : IDisposable
{
    private readonly nn.Module[] _modules;
    private readonly FlatParameters[] _parameters;
    private readonly Tensor[] _gradients;
    private readonly IDisposable? _mapping;
    private readonly BackboneModel[][] _backbones;
    private readonly Lazy<Dictionary<string, Parameter>[]> _named;

    /// <summary>Makes the model's parameters flat and its replicas share them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plan">How many replicas, of how many threads.</param>
    /// <param name="type">In what they compute; null: as the model is.</param>
    public ModelReplicas(nn.Module model, ReplicaPlan plan, ScalarType? type)
    {
        _modules = new nn.Module[plan.Replicas];
        _parameters = new FlatParameters[plan.Replicas];
        (_modules[0], _parameters[0]) = (model, FlatParameters.Adopt(model, type));
        for (int i = 1; i < plan.Replicas; i++)
        {
            _modules[i] = ((IReplicable)model).CreateLike();
            // The model was converted whole; parts of a new one may have a type of their own (adapters).
            if (type is ScalarType whole) _modules[i].to(whole);
            _parameters[i] = _parameters[0].ShareWith(_modules[i]);
        }
        _named = new(() => [.. _modules.Select(module => module.named_parameters().ToDictionary(named => named.name, named => named.parameter, StringComparer.Ordinal))]);
        _backbones = [.. _modules.Select(ActivationRecomputation.Backbones)];
        _gradients = _parameters.Select(parameters => parameters.Gradients).ToArray();
        Pool = new ReplicaPool(plan.Replicas, plan.ThreadsPerReplica);
    }

    /// <summary>Whether memory that a step has freed goes back to the system.</summary>
    public bool ReturnsFreedMemory
    {
        get => _mapping is not null;
        init => _mapping = value ? FreedMemory.MapBlocks() : null;
    }

    /// <summary>The threads.</summary>
    public ReplicaPool Pool { get; }

    /// <summary>The model's own flat parameters.</summary>
    public FlatParameters Parameters => _parameters[0];

    /// <summary>Switches all replicas to training or evaluation.</summary>
    public void SetTraining(bool training)
    {
        foreach (nn.Module module in _modules) module.train(training);
    }

    /// <summary>Lets parameters of all replicas move, or not: what does not move costs no backward pass.</summary>
    public void SetMoving(IReadOnlyList<string> parameters, bool moving)
    {
        foreach (Dictionary<string, Parameter> named in _named.Value)
        {
            foreach (string name in parameters)
            {
                if (named[name].requires_grad != moving) named[name].requires_grad_(moving);
            }
        }
    }

    /// <summary>Gives every replica the stream of a step that its dropout draws from.</summary>
    public void Reseed(Func<int, RandomStream> dropout)
    {
        for (int replica = 0; replica < _modules.Length; replica++) (_modules[replica] as IReplicable)?.Reseed(dropout(replica));
    }

    /// <summary>Forward and backward of the replicas' shares of the batches; gradients are added to <see cref="FlatParameters.MasterGradients"/>.</summary>
    /// <param name="objective">What is made smaller.</param>
    /// <param name="batches">The batches of a step.</param>
    /// <param name="lossScale">Multiplies the loss before backward, so that gradients of 16 bits do not vanish; the gradients keep it.</param>
    /// <returns>The summed loss, not scaled, and the norm of the gradients.</returns>
    public (double Loss, double Norm) ForwardBackward(IObjective objective, IReadOnlyList<TokenBatch> batches, double lossScale = 1)
    {
        if (!Parameters.HasMasters) return (Backward(objective, batches, lossScale), FlatGradients.SumAndNorm(Parameters.MasterGradients, _gradients, Pool));
        // Sums of 16 bits would swallow what is added: each batch goes into the sum of 32.
        double loss = 0, norm = 0;
        foreach (TokenBatch batch in batches)
        {
            loss += Backward(objective, [batch], lossScale);
            norm = FlatGradients.SumAndNorm(Parameters.MasterGradients, _gradients, Pool);
        }
        return (loss, norm);
    }

    /// <summary>Throws the gradients of a step away.</summary>
    public void ClearGradients()
    {
        using IDisposable withoutGradients = no_grad();
        Parameters.MasterGradients.zero_();
        foreach (Tensor gradient in _gradients) gradient.zero_();
    }

    private double Backward(IObjective objective, IReadOnlyList<TokenBatch> batches, double lossScale)
    {
        double[] losses = new double[_modules.Length];
        Pool.Run(replica =>
        {
            nn.Module module = _modules[replica];
            foreach (TokenBatch batch in batches)
            {
                if (batch.Share(replica, _modules.Length) is not TokenBatch share || objective.Weight(share) <= 0) continue;
                using var scope = NewDisposeScope();
                Tensor loss;
                // What forward leaves behind goes before backward begins: the graph keeps what it needs, and lets go of it as backward passes.
                using (NewDisposeScope()) loss = objective.SummedLoss(module, share).MoveToOuterDisposeScope();
                (lossScale == 1 ? loss : loss * lossScale).backward();
                KernelGradients.Release();
                // What went wrong when activations were computed again could not be thrown by backward.
                foreach (BackboneModel backbone in _backbones[replica]) backbone.Checkpoints.ThrowIfFailed();
                losses[replica] += loss.to(ScalarType.Float32).item<float>();
            }
        });
        if (ReturnsFreedMemory) FreedMemory.Return();
        return losses.Sum();
    }

    /// <summary>Ends the threads and releases everything but the model, whose parameters stay as they are, with no gradients.</summary>
    public void Dispose()
    {
        Pool.Dispose();
        _mapping?.Dispose();
        foreach (nn.Module replica in _modules.Skip(1)) replica.Dispose();
        using (no_grad())
        {
            foreach (var parameter in _modules[0].parameters()) parameter.grad = null;
        }
        foreach (FlatParameters parameters in _parameters) parameters.Dispose();
    }
}
