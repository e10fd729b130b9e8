using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Dropout at one place of a model: active in training only, drawn from the model's own stream.</summary>
public sealed class Dropout
{
    private readonly ModelRandom _random;

    /// <summary>Creates the layer.</summary>
    /// <param name="probability">Probability that an element becomes 0; from 0 to less than 1.</param>
    /// <param name="random">The model's stream.</param>
    public Dropout(double probability, ModelRandom random)
    {
        Probability = Require.Below(probability, 0.0, 1.0);
        _random = Require.NotNull(random);
    }

    /// <summary>Probability that an element becomes 0.</summary>
    public double Probability { get; }

    /// <summary>Drops elements and scales the others up by 1 / (1 - probability).</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="training">Whether the model is in training mode; if not, x is returned as it is.</param>
    public Tensor Apply(Tensor x, bool training) =>
        training && Probability > 0 ? Kernels.Dropout.Apply(x, Probability, _random.Stream) : x;
}
