using Microsoft.ML.LlmFineTune.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Microsoft.ML.LlmFineTune.Layers.Embedding;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>A table of its own for an embedding whose head is tied to it: the head stays as it is.</summary>
internal sealed class OwnTable : EmbeddingRefit
{
    private readonly Parameter weight;

    public OwnTable(Embedding embedding, Device device, ScalarType dtype) : base(nameof(OwnTable))
    {
        weight = Weights.Uninitialized(device, dtype, embedding.Weight.size(0), embedding.Weight.size(1));
        RegisterComponents();
    }

    public override IReadOnlyList<(string, Parameter)> Parts => [(".weight", weight)];

    /// <summary>Begins as the tied table.</summary>
    public void Initialize(Embedding embedding)
    {
        using IDisposable withoutGradients = no_grad();
        weight.copy_(embedding.Weight);
    }

    public override Tensor Apply(Embedding embedding, Tensor ids) => embedding.Lookup(weight, ids).to(embedding.Weight.dtype);

    public override Tensor Merged(Embedding embedding) => weight.detach().clone();
}
