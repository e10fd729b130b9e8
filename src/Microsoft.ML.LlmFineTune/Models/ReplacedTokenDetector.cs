using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>An encoder with a head that tells replaced tokens from original ones (ELECTRA: Clark et al., 2020; Hugging Face's <c>...ForPreTraining</c>).</summary>
public sealed class ReplacedTokenDetector : HeadedModel<TokenHead>
{
    /// <summary>Puts an uninitialised head of the backbone's family on it.</summary>
    /// <param name="backbone">The backbone; the model becomes its owner.</param>
    public ReplacedTokenDetector(BackboneModel backbone)
        : base(nameof(ReplacedTokenDetector), backbone, ModelHead.ReplacedToken, 1, (config, below, task, outputs) => config.CreateTokenHead(below, task, outputs))
    {
    }

    /// <summary>Scores tokens.</summary>
    /// <param name="tokens">[batch, sequence] int64; padding stands on the right.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64, for families that tell two texts apart; null: all is the first.</param>
    /// <returns>[batch, sequence]: above 0 for replaced.</returns>
    public Tensor Forward(Tensor tokens, Tensor? mask = null, Tensor? segments = null) => HeadModule.Forward(Backbone.ReadTexts(tokens, mask, segments)).squeeze(-1);

    /// <summary>A model of the same shape, device, type and mode, with uninitialised weights.</summary>
    public ReplacedTokenDetector CreateLike() => Like(new ReplacedTokenDetector(Backbone.CreateLike()));

    private protected override nn.Module CreateLikeModule() => CreateLike();
}
