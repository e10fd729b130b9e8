using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Noise on the embeddings of tokens in training (Jain et al.: "NEFTune: Noisy Embeddings Improve Instruction Finetuning", 2023): each number gets a draw from [-bound, bound), bound = alpha / sqrt(length * width). It is drawn from the
/// model's own stream.
/// </summary>
internal sealed class EmbeddingNoise
{
    private readonly double _alpha;
    private readonly ModelRandom _random;

    /// <summary>Creates the noise of a model instance.</summary>
    /// <param name="alpha">Its strength; greater than 0.</param>
    /// <param name="random">The model's stream.</param>
    public EmbeddingNoise(double alpha, ModelRandom random)
    {
        _alpha = Require.Positive(alpha);
        _random = Require.NotNull(random);
    }

    /// <summary>Adds noise; gradients pass through.</summary>
    /// <param name="rows">[.., width]: what was looked up.</param>
    /// <param name="length">Tokens of a text, padding included.</param>
    public Tensor Apply(Tensor rows, long length)
    {
        double bound = _alpha / Math.Sqrt((double)length * rows.size(-1));
        using Generator generator = new(_random.Stream.NextUInt64() >> 1, rows.device);
        using Tensor draws = rand(rows.shape, dtype: ScalarType.Float32, device: rows.device, generator: generator);
        draws.mul_(2 * bound);
        draws.sub_(bound);
        using Tensor noise = draws.to(rows.dtype);
        return rows + noise;
    }
}
