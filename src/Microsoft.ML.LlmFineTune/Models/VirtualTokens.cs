using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Trained numbers that stand before every text as if they were tokens: as embeddings, or as keys and values of every layer.</summary>
public abstract class VirtualTokens : nn.Module
{
    /// <summary>For the kinds of virtual tokens.</summary>
    protected VirtualTokens(string name) : base(name)
    {
    }

    /// <summary>How many there are.</summary>
    public abstract int Count { get; }

    /// <summary>[tokens, width]: what the model reads in place of their embeddings; null where they are keys and values.</summary>
    public abstract Tensor? Embeddings { get; }

    /// <summary>[layers * 2, heads, tokens, headSize]: keys and values of each layer by turns; null where they are embeddings.</summary>
    public abstract Tensor? KeysAndValues { get; }

    /// <summary>[batch, tokens + sequence] int64: the tokens behind ids that stand for the virtual ones.</summary>
    internal Tensor Before(Tensor tokens) => Filled(tokens, -1);

    /// <summary>The tokens, or numbers like them, behind a number for each virtual one.</summary>
    internal Tensor Filled(Tensor tokens, long number) => cat([full([tokens.size(0), Count], number, dtype: tokens.dtype, device: tokens.device), tokens], 1);

    /// <summary>[batch, tokens + sequence] bool: the mask of everything; null where nothing is padded.</summary>
    internal Tensor? Mask(Tensor? mask) => mask is null ? null : cat([ones([mask.size(0), Count], dtype: ScalarType.Bool, device: mask.device), mask], 1);
}
