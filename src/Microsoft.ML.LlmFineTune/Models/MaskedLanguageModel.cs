using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>An encoder with a head that scores which token stands at each place (Hugging Face's <c>...ForMaskedLM</c>).</summary>
public sealed class MaskedLanguageModel : HeadedModel<TokenHead>
{
    /// <summary>Puts an uninitialised head of the backbone's family on it.</summary>
    /// <param name="backbone">The backbone; the model becomes its owner.</param>
    public MaskedLanguageModel(BackboneModel backbone)
        : base(nameof(MaskedLanguageModel), backbone, ModelHead.MaskedToken, Require.NotNull(backbone).Config.VocabularySize, (config, below, task, outputs) => config.CreateTokenHead(below, task, outputs))
    {
    }

    /// <summary>Scores tokens.</summary>
    /// <param name="tokens">[batch, sequence] int64; padding stands on the right.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64, for families that tell two texts apart; null: all is the first.</param>
    /// <returns>[batch, sequence, vocabulary].</returns>
    public Tensor Forward(Tensor tokens, Tensor? mask = null, Tensor? segments = null) => HeadModule.Forward(Backbone.ReadTexts(tokens, mask, segments));

    /// <summary>A model of the same shape, device, type and mode, with uninitialised weights.</summary>
    public MaskedLanguageModel CreateLike() => Like(new MaskedLanguageModel(Backbone.CreateLike()));

    private protected override nn.Module CreateLikeModule() => CreateLike();
}
