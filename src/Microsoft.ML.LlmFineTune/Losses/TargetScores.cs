using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What models of any kind say at the places that have a target.</summary>
internal static class TargetScores
{
    /// <summary>Logits [kept, classes], and their targets [kept].</summary>
    /// <exception cref="ArgumentException">The model is of a kind without such scores, or a token or target is out of range.</exception>
    public static (Tensor Scores, Tensor Targets) Of(nn.Module model, TokenBatch rows)
    {
        switch (model)
        {
            case DecoderModel or EncoderDecoderModel:
                (Tensor hidden, TargetPlaces written, Func<Tensor, Tensor> logits) = CompletionReading.Of(model, rows);
                return (logits(written.Select(hidden)), written.Targets);
            case MaskedLanguageModel masked:
                TargetPlaces hiddenPlaces = TargetPlaces.Of(rows, rows.Tokens.Length, masked.Backbone.Config.VocabularySize, masked.Backbone.Device);
                Tensor states = masked.Backbone.ReadTexts(ModelInput.Tokens(rows, masked.Backbone), ModelInput.Mask(rows, masked.Backbone), ModelInput.Segments(rows, masked.Backbone));
                return (masked.HeadModule.Forward(hiddenPlaces.Select(states)), hiddenPlaces.Targets);
            case SequenceClassifier classifier:
                TargetPlaces texts = TargetPlaces.Of(rows, rows.Rows, classifier.Labels.Count, classifier.Backbone.Device);
                return (texts.Select(ModelScores.OfTexts(classifier, rows)), texts.Targets);
            case TokenClassifier classifier:
                TargetPlaces tokens = TargetPlaces.Of(rows, rows.Tokens.Length, classifier.Labels.Count, classifier.Backbone.Device);
                return (tokens.Select(ModelScores.OfTokens(classifier, rows)), tokens.Targets);
            default:
                throw new ArgumentException($"Distillation knows decoders, encoder-decoders, masked language models, text classifiers and token classifiers; received a {model?.GetType().Name ?? "null"}.", nameof(model));
        }
    }
}
