using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Microsoft.ML.LlmFineTune.Layers.Embedding;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>Two narrow matrices beside an embedding; with a magnitude for each column, DoRA.</summary>
internal sealed class LoraEmbedding : EmbeddingRefit
{
    private readonly Parameter matrixA;
    private readonly Parameter matrixB;
    private readonly Parameter? magnitude;
    private readonly double _scaling;

    public LoraEmbedding(Embedding embedding, LoraOptions options, string module, Device device, ScalarType dtype) : base(nameof(LoraEmbedding))
    {
        Require.Argument(!options.HasOutputBias, $"{nameof(LoraOptions.HasOutputBias)} is for linear layers; '{module}' is an embedding. Leave it out of the targets.", nameof(options));
        int rank = options.RankOf(module);
        _scaling = options.ScalingOf(module);
        matrixA = Weights.Uninitialized(device, dtype, rank, embedding.Weight.size(0));
        matrixB = Weights.Uninitialized(device, dtype, embedding.Weight.size(1), rank);
        magnitude = options.UsesWeightDecomposition ? Weights.Uninitialized(device, dtype, embedding.Weight.size(1)) : null;
        RegisterComponents();
    }

    public override IReadOnlyList<(string, Parameter)> Parts =>
        magnitude is null ? [(".lora_embedding_A", matrixA), (".lora_embedding_B", matrixB)] : [(".lora_embedding_A", matrixA), (".lora_embedding_B", matrixB), (".lora_magnitude_vector", magnitude)];

    public override long KeptOfToken => matrixB.size(1) + (magnitude is null ? 0 : matrixB.size(0));

    /// <summary>Draws the matrices; a magnitude begins as the length of each column of the table.</summary>
    public void Initialize(Embedding embedding, LoraInitialization initialization, RandomStream random)
    {
        if (initialization == LoraInitialization.Random) Initialization.Normal(matrixA, random, 1);
        else Initialization.Constant(matrixA, 0);
        Initialization.Normal(matrixB, random, 1);
        if (magnitude is null) return;
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        magnitude.copy_(Lengths(embedding));
    }

    public override Tensor Apply(Embedding embedding, Tensor ids)
    {
        Tensor rows = embedding.Lookup(embedding.Weight, ids);                                                       // [.., width]
        Tensor added = F.linear(embedding.Lookup(matrixA.t(), ids) * _scaling, matrixB).to(rows.dtype);              // [.., width]
        return magnitude is null ? rows + added : (rows + added) * (magnitude / Lengths(embedding)).to(rows.dtype);
    }

    public override Tensor Merged(Embedding embedding)
    {
        using IDisposable withoutGradients = no_grad();
        Tensor sum = Sum(embedding);
        return magnitude is null ? sum : sum * (magnitude / Lengths(embedding));
    }

    /// <summary>[width]: the length of each column of the changed table. A constant for the gradient.</summary>
    private Tensor Lengths(Embedding embedding)
    {
        using IDisposable withoutGradients = no_grad();
        using Tensor sum = Sum(embedding);
        return sum.square().sum(0).sqrt();
    }

    /// <summary>[rows, width], in the adapter's type.</summary>
    private Tensor Sum(Embedding embedding)
    {
        using Tensor product = matrixB.detach().matmul(matrixA.detach()).mul_(_scaling);
        using Tensor weight = embedding.Weight.detach();
        return weight.to(matrixA.dtype) + product.t();
    }
}
