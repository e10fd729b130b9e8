using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A backbone with a head that scores each token to begin and to end the answer (Hugging Face's <c>...ForQuestionAnswering</c>).</summary>
public sealed class QuestionAnsweringModel : HeadedModel<TokenHead>
{
    /// <summary>Puts an uninitialised head of the backbone's family on it.</summary>
    /// <param name="backbone">The backbone; the model becomes its owner.</param>
    public QuestionAnsweringModel(BackboneModel backbone)
        : base(nameof(QuestionAnsweringModel), backbone, ModelHead.QuestionAnswering, 2, (config, below, task, outputs) => config.CreateTokenHead(below, task, outputs))
    {
    }

    /// <summary>Scores tokens.</summary>
    /// <param name="tokens">[batch, sequence] int64; padding stands on the right.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64, for families that tell two texts apart; null: all is the first.</param>
    /// <returns>[batch, sequence] each: scores for the first and for the last token of the answer.</returns>
    public (Tensor Start, Tensor End) Forward(Tensor tokens, Tensor? mask = null, Tensor? segments = null)
    {
        Tensor scores = HeadModule.Forward(Backbone.ReadTexts(tokens, mask, segments));   // [batch, sequence, 2]
        return (scores.select(-1, 0), scores.select(-1, 1));
    }

    /// <summary>A model of the same shape, device, type and mode, with uninitialised weights.</summary>
    public QuestionAnsweringModel CreateLike() => Like(new QuestionAnsweringModel(Backbone.CreateLike()));

    private protected override nn.Module CreateLikeModule() => CreateLike();
}
