using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>What changes the rows that an embedding gives without changing its table.</summary>
public abstract class EmbeddingAdapter : nn.Module
{
    /// <summary>For the kinds of adapters.</summary>
    protected EmbeddingAdapter(string name) : base(name)
    {
    }

    /// <summary>Looks rows up as the adapter changes them.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="ids">[..] int64.</param>
    /// <returns>[.., width].</returns>
    public abstract Tensor Apply(Embedding embedding, Tensor ids);
}
