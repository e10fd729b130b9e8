using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Two linear layers with an activation between them, applied to each position alone.</summary>
public sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    private readonly Linear up;
    private readonly Linear down;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly Dropout? _dropout;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="width">Size of the last dimension of input and output.</param>
    /// <param name="innerWidth">Size between the two layers.</param>
    /// <param name="activation">A name that <see cref="Activation"/> knows.</param>
    /// <param name="hasBias">Whether the layers add biases.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <param name="innerDropout">Dropout before the last layer; null: none.</param>
    public FeedForward(long width, long innerWidth, string activation, bool hasBias = true, Device? device = null, ScalarType dtype = ScalarType.Float32, Dropout? innerDropout = null)
        : base(nameof(FeedForward))
    {
        up = new Linear(width, innerWidth, hasBias, device, dtype);
        down = new Linear(innerWidth, width, hasBias, device, dtype);
        _activation = Activation.ByName(activation);
        _dropout = innerDropout;
        RegisterComponents();
    }

    /// <summary>Draws the weights.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="upDeviation">Standard deviation of the first layer's weight.</param>
    /// <param name="downDeviation">Standard deviation of the second layer's weight.</param>
    public void Initialize(RandomStream random, double upDeviation, double downDeviation)
    {
        up.Initialize(random, upDeviation);
        down.Initialize(random, downDeviation);
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="input">[.., width].</param>
    /// <returns>[.., width].</returns>
    public override Tensor forward(Tensor input)
    {
        Tensor inner = _activation(up.forward(input));   // [.., innerWidth]
        return down.forward(_dropout?.Apply(inner, training) ?? inner);
    }
}
