using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A feed-forward part whose inner values are gated by an activation of a second projection (Shazeer: "GLU Variants Improve Transformer", 2020): down(activation(gate(x)) * up(x)).</summary>
public sealed class GatedFeedForward : nn.Module<Tensor, Tensor>
{
    private readonly Linear? gate;
    private readonly Linear? up;
    private readonly Linear? gateUp;
    private readonly Linear down;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly Dropout? _dropout;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="width">Size of the last dimension of input and output.</param>
    /// <param name="innerWidth">Size in between.</param>
    /// <param name="activation">A name that <see cref="Activation"/> knows.</param>
    /// <param name="hasBias">Whether the layers add biases.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <param name="isFused">Whether the two first layers are one matrix, the gate's rows first (Phi-3).</param>
    /// <param name="innerDropout">Dropout before the last layer; null: none.</param>
    public GatedFeedForward(long width, long innerWidth, string activation, bool hasBias = false, Device? device = null, ScalarType dtype = ScalarType.Float32, bool isFused = false, Dropout? innerDropout = null) : base(nameof(GatedFeedForward))
    {
        gate = isFused ? null : new Linear(width, innerWidth, hasBias, device, dtype);
        up = isFused ? null : new Linear(width, innerWidth, hasBias, device, dtype);
        gateUp = isFused ? new Linear(width, 2 * innerWidth, hasBias, device, dtype) : null;
        down = new Linear(innerWidth, width, hasBias, device, dtype);
        _activation = Activation.ByName(activation);
        _dropout = innerDropout;
        RegisterComponents();
    }

    /// <summary>Draws the weights.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="upDeviation">Standard deviation of the two first layers' weights.</param>
    /// <param name="downDeviation">Standard deviation of the last layer's weight.</param>
    public void Initialize(RandomStream random, double upDeviation, double downDeviation)
    {
        gate?.Initialize(random, upDeviation);
        up?.Initialize(random, upDeviation);
        gateUp?.Initialize(random, upDeviation);
        down.Initialize(random, downDeviation);
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="input">[.., width].</param>
    /// <returns>[.., width].</returns>
    public override Tensor forward(Tensor input)
    {
        Tensor[] halves = gateUp is null ? [gate!.forward(input), up!.forward(input)] : gateUp.forward(input).chunk(2, -1);   // [.., innerWidth] each
        Tensor inner = _activation(halves[0]) * halves[1];
        return down.forward(_dropout?.Apply(inner, training) ?? inner);
    }
}
