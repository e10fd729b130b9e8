using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A copy of flat weights, to come back to.</summary>
internal sealed class WeightsSnapshot(FlatParameters parameters) : IDisposable
{
    private Tensor? _copy;

    /// <summary>Steps taken when it was made; null before the first.</summary>
    public long? Step { get; private set; }

    /// <summary>Copies the weights as they are.</summary>
    public void Take(long step)
    {
        using IDisposable noGradients = no_grad();
        if (_copy is null) _copy = parameters.Masters.clone().DetachFromDisposeScope();
        else _copy.copy_(parameters.Masters);
        Step = step;
    }

    /// <summary>Takes a copy over from elsewhere.</summary>
    /// <param name="step">Its step.</param>
    /// <param name="fill">Writes it into a tensor of the weights' layout.</param>
    public void Take(long step, Action<Tensor> fill)
    {
        Take(step);
        using IDisposable noGradients = no_grad();
        fill(_copy!);
    }

    /// <summary>Puts the copied weights back.</summary>
    /// <returns>Their step.</returns>
    public long Restore()
    {
        using IDisposable noGradients = no_grad();
        parameters.Masters.copy_(_copy!);
        parameters.PublishMasters();
        return Step!.Value;
    }

    /// <summary>Releases the copy.</summary>
    public void Dispose() => _copy?.Dispose();
}
