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
}
