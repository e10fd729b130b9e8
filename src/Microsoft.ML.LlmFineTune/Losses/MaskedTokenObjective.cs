using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a masked language model (Devlin et al.: "BERT", 2019): the negative log-likelihood of the tokens that were hidden, in nats. Knows <see cref="MaskedLanguageModel"/>s; <see cref="MaskedBatches"/> hides the tokens.</summary>
public sealed class MaskedTokenObjective : IObjective
{
    /// <summary>The metric of right first guesses: "accuracy".</summary>
    public const string Accuracy = VocabularyLoss.Accuracy;

    private readonly TokenLossOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">What is added in training; null: nothing.</param>
    public MaskedTokenObjective(TokenLossOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token or target is not in its vocabulary, or there is not one target a token.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        MaskedLanguageModel masked = ModelInput.Expect<MaskedLanguageModel>(model, nameof(MaskedTokenObjective));
        BackboneModel backbone = masked.Backbone;
        Tensor tokens = ModelInput.Tokens(rows, backbone);                                                          // [rows, length]
        TargetPlaces places = TargetPlaces.Of(rows, tokens.numel(), backbone.Config.VocabularySize, backbone.Device);
        Tensor hidden = backbone.ReadTexts(tokens, ModelInput.Mask(rows, backbone), ModelInput.Segments(rows, backbone));   // [rows, length, width]
        return VocabularyLoss.Sum(hidden, places, masked.Outputs, masked.HeadModule.Forward, masked, _options, metrics);
    }
}
