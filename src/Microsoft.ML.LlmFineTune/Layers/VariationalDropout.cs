using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Dropout with one mask for all places along some dimensions: for a sequence, the same numbers of each row are dropped at every step (Gal, Ghahramani:
/// "A theoretically grounded application of dropout in recurrent neural networks", 2016); for a table of words, whole words. Drawn from the model's own stream.
/// </summary>
public sealed class VariationalDropout
{
    private readonly Dropout _dropout;

    /// <summary>Creates the layer.</summary>
    /// <param name="probability">Probability that a number of the mask is 0; from 0 to less than 1.</param>
    /// <param name="random">The model's stream.</param>
    public VariationalDropout(double probability, ModelRandom random) => _dropout = new Dropout(probability, random);

    /// <summary>Probability that a number of the mask is 0.</summary>
    public double Probability => _dropout.Probability;

    /// <summary>Draws a mask and multiplies with it.</summary>
    /// <param name="x">[sequence, batch, width].</param>
    /// <param name="training">Whether the model is in training mode; if not, x is returned as it is.</param>
    public Tensor Apply(Tensor x, bool training) =>
        Mask(training, x, 1, Require.NotNull(x).size(1), x.size(2)) is Tensor mask ? x * mask : x;

    /// <summary>Draws a mask: 0, or 1 / (1 - probability).</summary>
    /// <param name="training">Whether the model is in training mode.</param>
    /// <param name="like">Gives type and device.</param>
    /// <param name="shape">Shape of the mask.</param>
    /// <returns>The mask; null where nothing is dropped.</returns>
    public Tensor? Mask(bool training, Tensor like, params long[] shape) =>
        training && Probability > 0 ? _dropout.Apply(ones(shape, dtype: Require.NotNull(like).dtype, device: like.device), training) : null;
}
