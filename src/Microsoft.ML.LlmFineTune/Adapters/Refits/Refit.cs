using Microsoft.ML.LlmFineTune.Layers;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>A part of an adapter: what it adds to one module of the model.</summary>
internal interface IRefit : IDisposable
{
    /// <summary>The parameters, by what PEFT's files put behind the module's name.</summary>
    IReadOnlyList<(string Ending, Parameter Value)> Parts { get; }
}

/// <summary>What an adapter adds to a linear map.</summary>
internal abstract class LinearRefit(string name) : nn.Module(name), IRefit
{
    public abstract IReadOnlyList<(string Ending, Parameter Value)> Parts { get; }

    /// <summary>The map as the adapter changes it: [.., inputWidth] to [.., outputWidth].</summary>
    public abstract Tensor Apply(ILinearMap map, Tensor input);

    /// <summary>Whether it adds a bias, which a map without one could not take in.</summary>
    public virtual bool HasBias => false;

    /// <summary>Matrix and bias (null: there is none, or it stays) that make the bare map compute the same, in memory of their own.</summary>
    public abstract (Tensor Weight, Tensor? Bias) Merged(ILinearMap map);
}

/// <summary>What an adapter adds to an embedding.</summary>
internal abstract class EmbeddingRefit(string name) : nn.Module(name), IRefit
{
    public abstract IReadOnlyList<(string Ending, Parameter Value)> Parts { get; }

    /// <summary>The rows as the adapter changes them: [..] int64 to [.., width].</summary>
    public abstract Tensor Apply(Embedding embedding, Tensor ids);

    /// <summary>The table that makes the bare embedding give the same rows, in memory of its own.</summary>
    public abstract Tensor Merged(Embedding embedding);
}
