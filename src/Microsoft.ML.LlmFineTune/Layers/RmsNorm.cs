using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Root-mean-square normalisation over the last dimension (Zhang, Sennrich, 2019): x / sqrt(mean(x^2) + epsilon) * (offset + weight), computed in float32.</summary>
public sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly double _offset;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="width">Size of the last dimension; at least 1.</param>
    /// <param name="epsilon">Added to the mean square; greater than 0.</param>
    /// <param name="offset">Added to the weight: 0, or 1 for weights that are stored as a difference from 1 (Gemma).</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public RmsNorm(long width, double epsilon = 1e-6, double offset = 0, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(RmsNorm))
    {
        Width = Require.AtLeast(width, 1);
        Epsilon = Require.Positive(epsilon);
        _offset = offset;
        weight = Weights.Uninitialized(device, dtype, width);
        RegisterComponents();
    }

    /// <summary>Size of the last dimension.</summary>
    public long Width { get; }

    /// <summary>What is added to the mean square.</summary>
    public double Epsilon { get; }

    /// <summary>The factor becomes 1.</summary>
    public void Initialize() => Initialization.Constant(weight, 1 - _offset);

    /// <summary>Normalises.</summary>
    /// <param name="input">[.., width].</param>
    /// <returns>[.., width].</returns>
    /// <exception cref="ArgumentException">The last dimension of the input is not <see cref="Width"/>.</exception>
    public override Tensor forward(Tensor input)
    {
        if (input.size(-1) != Width) throw new ArgumentException($"An RMS norm of width {Width} received a tensor [{string.Join(", ", input.shape)}]; its last dimension must be {Width}.", nameof(input));
        Tensor wide = input.to(ScalarType.Float32);
        Tensor normal = wide * wide.pow(2).mean([-1], keepdim: true).add(Epsilon).rsqrt();   // [.., width]
        return normal.to(input.dtype) * (_offset == 0 ? weight : weight + _offset);
    }
}
