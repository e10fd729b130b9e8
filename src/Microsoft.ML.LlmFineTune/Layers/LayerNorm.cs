using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Layer normalisation over the last dimension (Ba, Kiros, Hinton, 2016), with a weight and, where wanted, a bias.</summary>
public sealed class LayerNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="width">Size of the last dimension; at least 1.</param>
    /// <param name="epsilon">Added to the variance; greater than 0.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public LayerNorm(long width, double epsilon = 1e-5, bool hasBias = true, Device? device = null, ScalarType dtype = ScalarType.Float32)
        : base(nameof(LayerNorm))
    {
        Width = Require.AtLeast(width, 1);
        Epsilon = Require.Positive(epsilon);
        weight = Weights.Uninitialized(device, dtype, width);
        bias = hasBias ? Weights.Uninitialized(device, dtype, width) : null;
        RegisterComponents();
    }

    /// <summary>Size of the last dimension.</summary>
    public long Width { get; }

    /// <summary>What is added to the variance.</summary>
    public double Epsilon { get; }

    /// <summary>The weight becomes 1, the bias 0.</summary>
    public void Initialize()
    {
        Initialization.Constant(weight, 1);
        if (bias is not null) Initialization.Constant(bias, 0);
    }

    /// <summary>Normalises.</summary>
    /// <param name="input">[.., width].</param>
    /// <returns>[.., width].</returns>
    /// <exception cref="ArgumentException">The last dimension of the input is not <see cref="Width"/>.</exception>
    public override Tensor forward(Tensor input)
    {
        if (input.size(-1) != Width) throw new ArgumentException($"A layer norm of width {Width} received a tensor [{string.Join(", ", input.shape)}]; its last dimension must be {Width}.", nameof(input));
        return LayerNormalization.Apply(input, weight, bias, Epsilon);
    }
}
