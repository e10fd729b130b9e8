using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Dropout = Microsoft.ML.LlmFineTune.Layers.Dropout;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>Two narrow matrices beside a linear map; with a magnitude for each output, DoRA.</summary>
internal sealed class LoraLinear : LinearRefit
{
    private readonly Parameter matrixA;
    private readonly Parameter matrixB;
    private readonly Parameter? outputBias;
    private readonly Parameter? magnitude;
    private readonly double _scaling;
    private readonly Dropout _dropout;

    public LoraLinear(ILinearMap map, LoraOptions options, string module, ModelRandom random, Device device, ScalarType dtype) : base(nameof(LoraLinear))
    {
        int rank = options.RankOf(module);
        (_scaling, _dropout) = (options.ScalingOf(module), new Dropout(options.Dropout, random));
        matrixA = Weights.Uninitialized(device, dtype, rank, map.InputWidth);
        matrixB = Weights.Uninitialized(device, dtype, map.OutputWidth, rank);
        outputBias = options.HasOutputBias ? Weights.Uninitialized(device, dtype, map.OutputWidth) : null;
        magnitude = options.UsesWeightDecomposition ? Weights.Uninitialized(device, dtype, map.OutputWidth) : null;
        RegisterComponents();
    }

    public override IReadOnlyList<(string, Parameter)> Parts
    {
        get
        {
            List<(string, Parameter)> parts = [(".lora_A.weight", matrixA), (".lora_B.weight", matrixB)];
            if (outputBias is not null) parts.Add((".lora_B.bias", outputBias));
            if (magnitude is not null) parts.Add((".lora_magnitude_vector", magnitude));
            return parts;
        }
    }

    // What is between the matrices; the input without what was dropped; what the magnitude is a factor of.
    public override long KeptOfToken => matrixA.size(0) + (_dropout.Probability > 0 ? matrixA.size(1) : 0) + (magnitude is null ? 0 : matrixB.size(0));

    /// <summary>Draws the matrices; a magnitude begins as the length of each row of the matrix.</summary>
    public void Initialize(ILinearMap map, LoraInitialization initialization, RandomStream random)
    {
        long rank = matrixA.size(0);
        if (initialization == LoraInitialization.Gaussian) Initialization.Normal(matrixA, random, 1.0 / rank);
        else Initialization.Uniform(matrixA, random, 1 / Math.Sqrt(map.InputWidth));
        if (initialization == LoraInitialization.Random) Initialization.Uniform(matrixB, random, 1 / Math.Sqrt(rank));
        else Initialization.Constant(matrixB, 0);
        if (outputBias is not null) Initialization.Constant(outputBias, 0);
        if (magnitude is null) return;
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        magnitude.copy_(Lengths(map));
    }

    public override Tensor Apply(ILinearMap map, Tensor input)
    {
        bool drops = training && _dropout.Probability > 0;
        Tensor read = _dropout.Apply(input.to(matrixA.dtype), training);
        // The scaling is applied where the numbers are fewest.
        Tensor added = F.linear(F.linear(read, matrixA) * _scaling, matrixB, outputBias is null ? null : outputBias * _scaling);   // [.., outputs]
        Tensor result = map.ApplyBase(input, withBias: magnitude is null);
        added = added.to(result.dtype);
        // Nobody else has the map's result, and its gradient does not need it.
        if (magnitude is null) return result.add_(added);
        Tensor factor = (magnitude / Lengths(map)).to(result.dtype);                                                              // [outputs]
        // What stands beside the adapter sees the dropout, too, as in the reference.
        Tensor decomposed = drops ? result + ((factor - 1) * map.ApplyBase(read.to(input.dtype), withBias: false)) + (factor * added) : factor * (result + added);
        return map.Bias is null ? decomposed : decomposed + map.Bias;
    }

    public override void RequireMergeable(ILinearMap map)
    {
        if (outputBias is not null && map.Bias is null) throw new NotSupportedException("The adapter adds a bias to a layer that has none: it cannot become a part of the layer's weights. Keep it as an adapter, or train it without HasOutputBias.");
    }

    public override (Tensor Weight, Tensor? Bias) Merged(ILinearMap map)
    {
        RequireMergeable(map);
        using IDisposable withoutGradients = no_grad();
        Tensor weight = Sum(map);
        if (magnitude is not null) weight = weight * (magnitude / Lengths(map)).unsqueeze(1);
        return (weight, outputBias is null ? null : map.Bias! + (outputBias * _scaling));
    }

    /// <summary>[outputs]: the length of each row of the changed matrix. A constant for the gradient, as in the paper.</summary>
    private Tensor Lengths(ILinearMap map)
    {
        using IDisposable withoutGradients = no_grad();
        using Tensor sum = Sum(map);
        return sum.square().sum(1).sqrt();
    }

    /// <summary>[outputs, inputs], in the adapter's type.</summary>
    private Tensor Sum(ILinearMap map)
    {
        using Tensor product = matrixB.detach().matmul(matrixA.detach()).mul_(_scaling);
        using Tensor weight = map.ReadWeight();
        return weight.to(matrixA.dtype) + product;
    }
}
