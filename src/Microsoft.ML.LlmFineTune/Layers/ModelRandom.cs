using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// What one instance of a model draws its dropout from. Training gives it a new stream before every step, so that replicas on threads
/// are reproducible; a model that nobody reseeds draws from one fixed stream.
/// </summary>
public sealed class ModelRandom
{
    /// <summary>The stream that dropout draws from next.</summary>
    public RandomStream Stream { get; private set; } = new(0);

    /// <summary>Takes a stream over.</summary>
    public void Reseed(RandomStream stream) => Stream = Require.NotNull(stream);
}
