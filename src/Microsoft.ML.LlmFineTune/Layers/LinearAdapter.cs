using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>What changes the result of a linear map without changing its weights.</summary>
public abstract class LinearAdapter : nn.Module
{
    /// <summary>For the kinds of adapters.</summary>
    protected LinearAdapter(string name) : base(name)
    {
    }

    /// <summary>The map as the adapter changes it.</summary>
    /// <param name="map">The map.</param>
    /// <param name="input">[.., inputWidth].</param>
    /// <returns>[.., outputWidth].</returns>
    public abstract Tensor Apply(ILinearMap map, Tensor input);
}
