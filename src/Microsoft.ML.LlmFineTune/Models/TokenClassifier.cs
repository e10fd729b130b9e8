using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A backbone with a head that scores the classes of each token (Hugging Face's <c>...ForTokenClassification</c>). On a decoder, a token's class depends on what stands before it, not on what follows.</summary>
public sealed class TokenClassifier : HeadedModel<TokenHead>
{
    /// <summary>Puts an uninitialised head of the backbone's family on it.</summary>
    /// <param name="backbone">The backbone; the classifier becomes its owner.</param>
    /// <param name="labels">Names of the classes; at least two.</param>
    public TokenClassifier(BackboneModel backbone, IReadOnlyList<string> labels)
        : base(nameof(TokenClassifier), backbone, ModelHead.TokenClassification, Require.NotNull(labels).Count, (config, below, task, outputs) => config.CreateTokenHead(below, task, outputs))
    {
        Require.Argument(labels.Count >= 2, $"A classifier needs at least two classes; received {labels.Count}.", nameof(labels));
        Labels = labels;
    }

    /// <summary>Names of the classes, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <inheritdoc/>
    public override ModelConfig Config => Backbone.Config with { Labels = Labels };

    /// <summary>Scores tokens.</summary>
    /// <param name="tokens">[batch, sequence] int64; padding stands on the right.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64, for families that tell two texts apart; null: all is the first.</param>
    /// <returns>[batch, sequence, labels].</returns>
    public Tensor Forward(Tensor tokens, Tensor? mask = null, Tensor? segments = null) => HeadModule.Forward(Backbone.ReadTexts(tokens, mask, segments));

    /// <summary>A classifier of the same shape, device, type and mode, with uninitialised weights.</summary>
    public TokenClassifier CreateLike() => Like(new TokenClassifier(Backbone.CreateLike(), Labels));

    private protected override nn.Module CreateLikeModule() => CreateLike();
}
