using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Heads;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A backbone with a head that turns a text into one vector (Reimers, Gurevych: "Sentence-BERT", 2019). Near vectors stand for texts of like meaning when the model was trained for that.</summary>
public sealed class TextEmbedder : HeadedModel<SequenceHead>
{
    // The square of what the reference divides by at least. Below the root, so that a vector of zeros has a gradient.
    private const double SmallestSquare = 1e-24;

    /// <summary>Puts a head on a backbone.</summary>
    /// <param name="backbone">The backbone; the model becomes its owner.</param>
    /// <param name="pooling">How the hidden states become one; null: by the family's own pooler (Hugging Face's <c>pooler_output</c>), which has weights, so that it must be read or trained.</param>
    /// <param name="isNormalized">Whether vectors are divided by their Euclidean length (by 1e-12 at least), so that their dot product is the cosine.</param>
    /// <exception cref="NotSupportedException">The family has no pooler.</exception>
    public TextEmbedder(BackboneModel backbone, Pooling? pooling = Layers.Pooling.Mean, bool isNormalized = true)
        : base(nameof(TextEmbedder), backbone, ModelHead.Embedding, backbone?.Config.Width ?? 1,
            (config, below, task, outputs) => pooling is Pooling chosen ? new PoolingHead(chosen) : config.CreateSequenceHead(below, task, outputs))
    {
        (Pooling, IsNormalized) = (pooling, isNormalized);
    }

    /// <summary>How the hidden states become one; null: by the family's own pooler.</summary>
    public Pooling? Pooling { get; }

    /// <summary>Whether vectors are divided by their Euclidean length.</summary>
    public bool IsNormalized { get; }

    /// <summary>Embeds texts.</summary>
    /// <param name="tokens">[batch, sequence] int64; padding stands on the right.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64, for families that tell two texts apart; null: all is the first.</param>
    /// <returns>[batch, width].</returns>
    public Tensor Forward(Tensor tokens, Tensor? mask = null, Tensor? segments = null)
    {
        (Tensor hidden, tokens, mask) = Backbone.ReadForHead(tokens, mask, segments);
        Tensor pooled = HeadModule.Forward(hidden, tokens, mask);                                       // [batch, width]
        return IsNormalized ? pooled / pooled.square().sum(-1, keepdim: true).clamp_min(SmallestSquare).sqrt() : pooled;
    }

    /// <summary>A model of the same shape, device, type and mode, with uninitialised weights.</summary>
    public TextEmbedder CreateLike() => Like(new TextEmbedder(Backbone.CreateLike(), Pooling, IsNormalized));

    private protected override nn.Module CreateLikeModule() => CreateLike();
}
