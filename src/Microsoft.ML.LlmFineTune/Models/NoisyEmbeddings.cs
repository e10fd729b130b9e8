using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Noise on the embeddings of whatever stands in a module: a backbone itself, or one below a head or an adapter.</summary>
public static class NoisyEmbeddings
{
    /// <summary>Sets <see cref="BackboneModel.EmbeddingNoise"/> of every backbone in a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="alpha">Strength of the noise; at least 0, which is none.</param>
    /// <returns>What was set before; disposing puts it back.</returns>
    /// <exception cref="ArgumentException">There is no backbone to set it for, and <paramref name="alpha"/> is greater than 0.</exception>
    public static IDisposable Use(nn.Module module, double alpha)
    {
        BackboneModel[] backbones = ActivationRecomputation.Backbones(Require.NotNull(module));
        Require.Argument(Require.NotNegative(alpha) == 0 || backbones.Length > 0, $"Noise is added to the embeddings of a {nameof(BackboneModel)}; the {module.GetType().Name} has none. Leave EmbeddingNoise 0.", nameof(module));
        Earlier earlier = new([.. backbones.Select(backbone => (backbone, backbone.EmbeddingNoise))]);
        foreach (BackboneModel backbone in backbones) backbone.EmbeddingNoise = alpha;
        return earlier;
    }

    private sealed class Earlier((BackboneModel Backbone, double Value)[] values) : IDisposable
    {
        public void Dispose()
        {
            foreach ((BackboneModel backbone, double value) in values) backbone.EmbeddingNoise = value;
        }
    }
}
