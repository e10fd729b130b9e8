using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// The weights that training began with, and two ways of staying near them: a penalty on the distance (L2-SP: Li, Grandvalet, Davoine: "Explicit Inductive Bias for Transfer Learning with Convolutional Networks", 2018),
/// and steps that use the old value of weights drawn by lot (mixout: Lee, Cho, Kang: "Mixout: Effective Regularization to Finetune Large-scale Pretrained Language Models", 2020).
/// </summary>
public sealed class PretrainedAnchor : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly FlatParameter[] _anchored;
    private readonly Tensor _start;
    private Tensor? _own;

    /// <summary>Remembers the weights as they are.</summary>
    /// <param name="parameters">The parameters; not owned.</param>
    /// <param name="free">Names of parameters that were not pretrained: nothing holds them back.</param>
    public PretrainedAnchor(FlatParameters parameters, IReadOnlySet<string> free)
    {
        _parameters = Require.NotNull(parameters);
        Require.NotNull(free);
        _anchored = [.. parameters.Entries.Where(entry => !free.Contains(entry.Name))];
        using IDisposable withoutGradients = no_grad();
        _start = parameters.Masters.clone().DetachFromDisposeScope();
    }

    /// <summary>Adds the gradient of factor / 2 times the squared distance from the start.</summary>
    /// <param name="gradients">[elements], flat.</param>
    /// <param name="factor">At least 0.</param>
    public void AddPull(Tensor gradients, double factor)
    {
        Require.NotNull(gradients);
        Require.NotNegative(factor);
        using IDisposable withoutGradients = no_grad();
        foreach (FlatParameter entry in _anchored)
        {
            using IDisposable scope = NewDisposeScope();
            Range(gradients, entry).add_((Range(_parameters.Masters, entry) - Range(_start, entry)).mul_(factor));
        }
    }

    /// <summary>Gives matrices the values of a step with mixout: the start, plus dropout of what was learned since. <see cref="Unmix"/> must follow.</summary>
    /// <param name="probability">That a weight has its old value in this step; from 0 to less than 1.</param>
    /// <param name="random">The draws of the step.</param>
    public void Mix(double probability, RandomStream random)
    {
        Require.NotNull(random);
        using IDisposable withoutGradients = no_grad();
        if (_own is null) _own = _parameters.Masters.clone().DetachFromDisposeScope();
        else _own.copy_(_parameters.Masters);
        foreach (FlatParameter entry in Matrices)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor start = Range(_start, entry);
            Range(_parameters.Masters, entry).copy_(start + Dropout.Apply(Range(_own, entry) - start, probability, random));
        }
    }

    /// <summary>Gives the weights their own values back, and weights that had their old ones no gradient.</summary>
    /// <param name="gradients">[elements], flat, of the mixed weights.</param>
    /// <param name="probability">As in <see cref="Mix"/>.</param>
    /// <param name="random">The same draws again.</param>
    public void Unmix(Tensor gradients, double probability, RandomStream random)
    {
        Require.NotNull(gradients);
        Require.NotNull(random);
        Require.State(_own is not null, "Unmix must follow Mix; there was none.");
        using IDisposable withoutGradients = no_grad();
        _parameters.Masters.copy_(_own);
        foreach (FlatParameter entry in Matrices)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor gradient = Range(gradients, entry);
            gradient.copy_(Dropout.Apply(gradient, probability, random));
        }
    }

    /// <summary>Gives the weights their own values back where the step of <see cref="Mix"/> failed, so that there is no gradient to look at.</summary>
    internal void Abandon()
    {
        using IDisposable withoutGradients = no_grad();
        _parameters.Masters.copy_(_own!);
        _parameters.PublishMasters();
    }

    /// <summary>Frees the copies.</summary>
    public void Dispose()
    {
        _start.Dispose();
        _own?.Dispose();
    }

    private IEnumerable<FlatParameter> Matrices => _anchored.Where(entry => entry.Shape.Count >= 2);

    private static Tensor Range(Tensor flat, FlatParameter entry) => flat.narrow(0, entry.Offset, entry.Count);
}
