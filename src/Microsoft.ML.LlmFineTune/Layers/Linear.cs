using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A linear map of the last dimension: x W^T + b.</summary>
public sealed class Linear : nn.Module<Tensor, Tensor>
{
    // A field's name is the name under which the module registers it.
    private readonly Parameter weight;
    private readonly Parameter? bias;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="inputWidth">Size of the last dimension of the input; at least 1.</param>
    /// <param name="outputWidth">Size of the last dimension of the output; at least 1.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public Linear(long inputWidth, long outputWidth, bool hasBias = true, Device? device = null, ScalarType dtype = ScalarType.Float32)
        : base(nameof(Linear))
    {
        InputWidth = Require.AtLeast(inputWidth, 1);
        OutputWidth = Require.AtLeast(outputWidth, 1);
        weight = Weights.Uninitialized(device, dtype, outputWidth, inputWidth);
        bias = hasBias ? Weights.Uninitialized(device, dtype, outputWidth) : null;
        RegisterComponents();
    }

    /// <summary>Size of the last dimension of the input.</summary>
    public long InputWidth { get; }

    /// <summary>Size of the last dimension of the output.</summary>
    public long OutputWidth { get; }

    /// <summary>[outputWidth, inputWidth].</summary>
    public Parameter Weight => weight;

    /// <summary>[outputWidth], or null.</summary>
    public Parameter? Bias => bias;

    /// <summary>Draws the weight from a normal distribution of mean 0; the bias becomes 0.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="standardDeviation">At least 0.</param>
    /// <param name="cutoff">Draws further from 0 than so many standard deviations are drawn again; greater than 0. Null: all stay.</param>
    public void Initialize(RandomStream random, double standardDeviation, double? cutoff = null)
    {
        Initialization.Normal(weight, random, standardDeviation, cutoff);
        if (bias is not null) Initialization.Constant(bias, 0);
    }

    /// <summary>Applies the map.</summary>
    /// <param name="input">[.., inputWidth].</param>
    /// <returns>[.., outputWidth].</returns>
    /// <exception cref="ArgumentException">The last dimension of the input is not <see cref="InputWidth"/>.</exception>
    public override Tensor forward(Tensor input)
    {
        if (input.size(-1) != InputWidth) throw new ArgumentException($"A linear layer of input width {InputWidth} received a tensor [{string.Join(", ", input.shape)}]; its last dimension must be {InputWidth}.", nameof(input));
        return F.linear(input, weight, bias);
    }
}
