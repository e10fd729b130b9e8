using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A feed-forward part whose inner values are gated by an activation of a second projection (Shazeer: "GLU Variants Improve Transformer", 2020): down(activation(gate(x)) * up(x)).</summary>
public sealed class GatedFeedForward : nn.Module<Tensor, Tensor>
{
    private readonly Linear gate;
    private readonly Linear up;
    private readonly Linear down;
    private readonly Func<Tensor, Tensor> _activation;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="width">Size of the last dimension of input and output.</param>
    /// <param name="innerWidth">Size in between.</param>
    /// <param name="activation">A name that <see cref="Activation"/> knows.</param>
    /// <param name="hasBias">Whether the layers add biases.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public GatedFeedForward(long width, long innerWidth, string activation, bool hasBias = false, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(GatedFeedForward))
    {
        gate = new Linear(width, innerWidth, hasBias, device, dtype);
        up = new Linear(width, innerWidth, hasBias, device, dtype);
        down = new Linear(innerWidth, width, hasBias, device, dtype);
        _activation = Activation.ByName(activation);
        RegisterComponents();
    }

    /// <summary>Draws the weights.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="upDeviation">Standard deviation of the two first layers' weights.</param>
    /// <param name="downDeviation">Standard deviation of the last layer's weight.</param>
    public void Initialize(RandomStream random, double upDeviation, double downDeviation)
    {
        gate.Initialize(random, upDeviation);
        up.Initialize(random, upDeviation);
        down.Initialize(random, downDeviation);
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="input">[.., width].</param>
    /// <returns>[.., width].</returns>
    public override Tensor forward(Tensor input) => down.forward(_activation(gate.forward(input)) * up.forward(input));   // [.., innerWidth] in between
}
