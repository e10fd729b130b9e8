using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Makes the parameters of layers.</summary>
internal static class Weights
{
    /// <summary>A parameter whose values are whatever memory held: <c>Initialize</c> or a checkpoint fills it.</summary>
    /// <remarks>It leaves the dispose scope that it was made in, so that a model may be built anywhere.</remarks>
    public static Parameter Uninitialized(Device? device, ScalarType dtype, params long[] shape)
    {
        Parameter parameter = new(empty(shape, dtype: dtype, device: device));
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>The first parameter of a model that has some.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed: then it has none left.</exception>
    public static Parameter FirstOf(nn.Module model) => model.parameters().FirstOrDefault()
        ?? throw new ObjectDisposedException(model.GetType().Name, "The model was disposed, or the language model that owns it; keep it until its last use.");
}
