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
    /// <param name="hiddenStates">Receives the input of the first layer and the output of every layer (the last one after the final norm); null: nobody wants them.</param>
    /// <param name="documents">
    /// [batch, sequence] int64: the number of the document that each token of a packed row belongs to. Documents do not see each other, and the positions of each begin at 0: it reads as if it stood alone. Padding is a document of its own.
    /// Null: every row is one document. Not together with <paramref name="mask"/> or <paramref name="cache"/>.
    /// </param>
    /// <returns>[batch, sequence, width].</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit; the message says how.</exception>
    public abstract Tensor Forward(Tensor tokens, Tensor? mask = null, DecoderCache? cache = null, ICollection<Tensor>? hiddenStates = null, Tensor? documents = null);

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
}
