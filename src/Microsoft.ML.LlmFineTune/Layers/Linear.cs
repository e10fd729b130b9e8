using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A linear map of the last dimension: x W^T + b. An adapter may change what it computes, and the matrix may be kept in four bits a number.</summary>
public sealed class Linear : nn.Module<Tensor, Tensor>, ILinearMap
{
    private const string AdapterName = "adapter";
    private const string QuantizedName = "quantized";

    // A field's name is the name under which the module registers it.
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private LinearAdapter? _adapter;
    private Nf4Weight? _quantized;

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

    /// <inheritdoc/>
    public long InputWidth { get; }

    /// <inheritdoc/>
    public long OutputWidth { get; }

    /// <summary>[outputWidth, inputWidth]; [0] while the matrix is <see cref="Quantized"/>.</summary>
    public Parameter Weight => weight;

    /// <inheritdoc/>
    public Parameter? Bias => bias;

    /// <summary>What changes the layer's result; null for nothing. The layer registers it, and becomes its owner.</summary>
    public LinearAdapter? Adapter
    {
        get => _adapter;
        set
        {
            register_module(AdapterName, null!);
            if (value is not null) register_module(AdapterName, value);
            _adapter = value;
        }
    }

    /// <summary>The matrix in four bits a number, in place of <see cref="Weight"/>; null: it is a dense parameter.</summary>
    public Nf4Weight? Quantized => _quantized;

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
        return _adapter is null ? ApplyBase(input) : _adapter.Apply(this, input);
    }

    /// <inheritdoc/>
    public Tensor ApplyBase(Tensor input, bool withBias = true)
    {
        if (_quantized is null) return SummedProduct.Apply(input, weight, withBias ? bias : null);
        Tensor product = Nf4Product.Apply(input, _quantized.Blocks(weight.dtype));                            // [.., outputWidth]
        return withBias && bias is not null ? product + bias : product;
    }

    /// <inheritdoc/>
    public Tensor ReadWeight() => _quantized is null ? weight.detach() : Nf4Product.Dequantize(_quantized.Blocks(weight.dtype));

    /// <summary>Replaces the dense matrix by one in four bits a number, and frees its memory. The matrix gets no gradient any more.</summary>
    /// <param name="quantized">The same matrix; the layer becomes its owner.</param>
    internal void Quantize(Nf4Weight quantized)
    {
        Require.State(_quantized is null, "The layer's matrix is quantized already.");
        register_module(QuantizedName, quantized);
        _quantized = quantized;
        weight.requires_grad_(false);
        using IDisposable withoutGradients = no_grad();
        using Tensor nothing = empty([0], dtype: weight.dtype, device: weight.device);
        // The parameter object stays, so that names and optimizers' lists stay true.
        weight.set_(nothing);
    }

    /// <summary>Makes the matrix a dense parameter again: its numbers are those that the four bits stand for.</summary>
    internal void Dequantize()
    {
        if (_quantized is null) return;
        using IDisposable withoutGradients = no_grad();
        using (Tensor dense = ReadWeight()) weight.set_(dense);
        register_module(QuantizedName, null!);
        _quantized.Dispose();
        _quantized = null;
    }
}
