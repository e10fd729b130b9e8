using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>
/// A parameter of the model that an adapter trains whole. The parameter object stays; while the adapter is active its memory is the adapter's, else the model's, so that taking the adapter away leaves the
/// model to the bit as it was.
/// </summary>
/// <param name="path">The name under which the model registers it.</param>
/// <param name="key">Its name in the adapter's file, without the prefix.</param>
/// <param name="isTransposed">Whether files hold it transposed.</param>
internal sealed class SavedParameter(string path, string key, bool isTransposed) : IDisposable
{
    // The memory that the parameter does not have at the moment; null where there is none beside it.
    private Tensor? _other;

    public string Path => path;

    public string Key => key;

    public bool IsTransposed => isTransposed;

    public bool IsActive { get; private set; }

    /// <summary>The adapter's numbers begin as the model's.</summary>
    public void Begin(Parameter parameter) => _other = parameter.detach().clone().DetachFromDisposeScope();

    /// <summary>The adapter's numbers, wherever they are.</summary>
    public Tensor Value(Parameter parameter) => IsActive ? parameter.detach() : _other!;

    /// <summary>Gives the parameter the adapter's memory and trains it, or the model's and doesn't.</summary>
    public void Activate(Parameter parameter, bool active)
    {
        parameter.requires_grad_(active);
        if (active == IsActive) return;
        IsActive = active;
        // A replica shares the memory of the model that it is like.
        if (_other is null) return;
        using IDisposable withoutGradients = no_grad();
        if (_other.dtype != parameter.dtype || !ComputeDevices.Same(_other.device, parameter.device))
        {
            // The model has moved, or was converted, since.
            using Tensor old = _other;
            _other = old.to(parameter.dtype, parameter.device).DetachFromDisposeScope();
        }
        Tensor mine = parameter.detach().DetachFromDisposeScope();
        parameter.set_(_other);
        _other.Dispose();
        _other = mine;
    }

    public void Dispose()
    {
        _other?.Dispose();
        _other = null;
    }
}
