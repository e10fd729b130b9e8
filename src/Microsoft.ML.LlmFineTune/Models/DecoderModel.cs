using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A language model that reads from left to right.</summary>
public abstract class DecoderModel : BackboneModel
{
    /// <summary>For the families.</summary>
    protected DecoderModel(string name) : base(name)
    {
    }

    /// <inheritdoc/>
    public override ModelHead Head => ModelHead.NextToken;

    /// <summary>Reads tokens.</summary>
    /// <param name="tokens">[batch, sequence] int64, ids below the vocabulary size.</param>
    /// <param name="mask">[batch, cached + sequence] bool, false for padding on either side; null when nothing is padded. Hidden states at padding mean nothing.</param>
    /// <param name="cache">What the model keeps of earlier positions, from <see cref="CreateCache"/>; the new ones are added. Null: the tokens are all there is.</param>
    /// <param name="hiddenStates">
    /// Receives the input of the first layer and the output of every layer (the last one after the final norm), those of virtual tokens that are embeddings included; null: nobody wants them.
    /// </param>
    /// <param name="documents">
    /// [batch, sequence] int64: the number of the document that each token of a packed row belongs to. Documents do not see each other, and the positions of each begin at 0: it reads as if it stood alone. Padding is a document of its own.
    /// Null: every row is one document. Not together with <paramref name="mask"/> or <paramref name="cache"/>.
    /// </param>
    /// <returns>[batch, sequence, width].</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit; the message says how.</exception>
    public Tensor Forward(Tensor tokens, Tensor? mask = null, DecoderCache? cache = null, ICollection<Tensor>? hiddenStates = null, Tensor? documents = null)
    {
        Require.Argument(Prompt is null || documents is null, "Virtual tokens stand before a row once, not before each document that is packed into it; received documents. Give each document a row of its own.", nameof(documents));
        if (Prompt is not null) return Behind(ForwardWithPrompt(tokens, mask, cache, hiddenStates), tokens);
        Require.Argument(cache is not KeyValueStore { Virtual: > 0 }, "The cache has room for the virtual tokens of an adapter that is not active any more. Create a new one.", nameof(cache));
        return ForwardTokens(tokens, mask, cache, hiddenStates, documents);
    }

    /// <summary>What a family computes: <see cref="Forward"/>, without regard to virtual tokens.</summary>
    /// <inheritdoc cref="Forward"/>
    protected abstract Tensor ForwardTokens(Tensor tokens, Tensor? mask, DecoderCache? cache, ICollection<Tensor>? hiddenStates, Tensor? documents);

    /// <summary>Scores for the token that follows each position.</summary>
    /// <param name="hidden">[.., width], from <see cref="Forward"/>.</param>
    /// <returns>[.., vocabulary].</returns>
    public abstract Tensor Logits(Tensor hidden);

    /// <summary>A cache for inference with this model, on its device.</summary>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Positions; at most the model's maximal length is ever used.</param>
    public abstract DecoderCache CreateCache(long batch, long capacity);

    /// <inheritdoc/>
    /// <remarks>A causal model does not look to the right, where the padding stands: the mask is not needed, and without it attention is fused.</remarks>
    public override Tensor ReadTexts(Tensor tokens, Tensor? mask = null, Tensor? segments = null, ICollection<Tensor>? hiddenStates = null)
    {
        Require.Argument(segments is null, $"{Config.Family} does not tell the segments of a text apart; received segments. Leave them out.", nameof(segments));
        return Forward(tokens, hiddenStates: hiddenStates);
    }

    internal override KeyValueShape? KeyValueShape
    {
        get
        {
            using DecoderCache cache = CreateCache(1, 1);
            return (cache as KvCache)?.Shape is (int layers, long heads, long headSize) ? new(layers, (int)heads, (int)headSize) : null;
        }
    }

    private protected override Tensor ReadWithPrompt(Tensor tokens, Tensor? mask, Tensor? segments) => ForwardWithPrompt(tokens, null, null, null);

    /// <summary>The hidden states of the last tokens.</summary>
    private static Tensor Behind(Tensor hidden, Tensor tokens) => hidden.narrow(1, hidden.size(1) - tokens.size(1), tokens.size(1));

    /// <summary>[batch, virtual tokens (where they are embeddings and not yet in the cache) + sequence, width].</summary>
    private Tensor ForwardWithPrompt(Tensor tokens, Tensor? mask, DecoderCache? cache, ICollection<Tensor>? hiddenStates)
    {
        Require.NotNull(tokens);
        KvCache? kept = cache is null or KvCache ? (KvCache?)cache : throw new ArgumentException($"Virtual tokens need a {nameof(KvCache)}; received a {cache.GetType().Name}. Take the cache that the model's CreateCache gives.", nameof(cache));
        Tensor? whole = Prompt!.Mask(mask);
        bool isFirst = kept is null || kept.Stored == 0;
        if (isFirst) kept?.MakeRoom(Prompt.Count);
        if (Prompt.KeysAndValues is not Tensor rows) return ForwardTokens(isFirst ? Prompt.Before(tokens) : tokens, whole, kept, hiddenStates, null);
        VirtualKeys first = new(rows, tokens.size(0));
        if (kept is null) return ForwardTokens(tokens, whole, first, hiddenStates, null);
        if (isFirst) kept.Begin(first);
        return ForwardTokens(tokens, whole, kept, hiddenStates, null);
    }
}
