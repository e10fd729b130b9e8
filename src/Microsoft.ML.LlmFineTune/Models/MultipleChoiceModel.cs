using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A backbone with a head that scores each of several continuations (Hugging Face's <c>...ForMultipleChoice</c>).</summary>
public sealed class MultipleChoiceModel : HeadedModel<SequenceHead>
{
    /// <summary>Puts an uninitialised head of the backbone's family on it.</summary>
    /// <param name="backbone">The backbone; the model becomes its owner.</param>
    public MultipleChoiceModel(BackboneModel backbone)
        : base(nameof(MultipleChoiceModel), backbone, ModelHead.MultipleChoice, 1, (config, below, task, outputs) => config.CreateSequenceHead(below, task, outputs))
    {
    }

    /// <summary>Scores choices.</summary>
    /// <param name="tokens">[batch, choices, sequence] int64; padding stands on the right.</param>
    /// <param name="mask">[batch, choices, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, choices, sequence] int64, for families that tell two texts apart; null: all is the first.</param>
    /// <returns>[batch, choices].</returns>
    public Tensor Forward(Tensor tokens, Tensor? mask = null, Tensor? segments = null)
    {
        Require.NotNull(tokens);
        Require.Argument(tokens.dim() == 3, $"tokens must be [batch, choices, sequence]; received [{string.Join(", ", tokens.shape)}].", nameof(tokens));
        (long batch, long choices) = (tokens.size(0), tokens.size(1));
        (tokens, mask, segments) = (tokens.flatten(0, 1), mask?.flatten(0, 1), segments?.flatten(0, 1));   // [batch * choices, sequence]
        (Tensor hidden, tokens, mask) = Backbone.ReadForHead(tokens, mask, segments);
        return HeadModule.Forward(hidden, tokens, mask).view(batch, choices);
    }

    /// <summary>A model of the same shape, device, type and mode, with uninitialised weights.</summary>
    public MultipleChoiceModel CreateLike() => Like(new MultipleChoiceModel(Backbone.CreateLike()));

    private protected override nn.Module CreateLikeModule() => CreateLike();
}
