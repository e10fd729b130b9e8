using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a language model: the negative log-likelihood of each next token, in nats. Knows <see cref="DecoderModel"/>s, and rows packed with several documents.</summary>
public sealed class NextTokenObjective : IObjective
{
    /// <summary>The metric of right first guesses: "accuracy".</summary>
    public const string Accuracy = VocabularyLoss.Accuracy;

    private readonly TokenLossOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">What is added in training; null: nothing.</param>
    public NextTokenObjective(TokenLossOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is not a decoder, a token or target is not in its vocabulary, or there is not one target a token.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        DecoderModel decoder = ModelInput.Expect<DecoderModel>(model, nameof(NextTokenObjective));
        // Padding stands on the right, where a causal model does not look: the mask is not needed, and without it attention is fused.
        Tensor tokens = ModelInput.Tokens(rows, decoder);                                                           // [rows, length]
        TargetPlaces places = TargetPlaces.Of(rows, tokens.numel(), decoder.Config.VocabularySize, decoder.Device);
        Tensor hidden = decoder.Forward(tokens, documents: ModelInput.Documents(rows, decoder));                    // [rows, length, width]
        return VocabularyLoss.Sum(hidden, places, decoder.Config.VocabularySize, decoder.Logits, decoder, _options, metrics);
    }
}
