using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>A module that training can copy onto several threads.</summary>
public interface IReplicable
{
    /// <summary>
    /// A module of the same shapes, registered names and mode (training or not) on the same device, whose weights are not initialised:
    /// the caller makes them share the weights of this one. Made outside dispose scopes.
    /// </summary>
    nn.Module CreateLike();

    /// <summary>Gives the module the stream that its dropout draws from until the next call. Modules without dropout do nothing.</summary>
    /// <param name="dropout">The stream; the module becomes its owner.</param>
    void Reseed(RandomStream dropout);
}
