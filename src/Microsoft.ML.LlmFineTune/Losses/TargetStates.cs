using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What models of any kind know at the places that have a target, and how they score it: scores of a vocabulary are many, and are made when somebody looks.</summary>
/// <param name="Hidden">[kept, width]; where classes are few, the scores themselves.</param>
/// <param name="Targets">[kept] int64.</param>
/// <param name="Classes">How many scores a place has.</param>
/// <param name="Scores">[rows, width] to [rows, classes].</param>
/// <param name="Model">The model.</param>
/// <param name="Backbone">The model's backbone.</param>
internal sealed record TargetStates(Tensor Hidden, Tensor Targets, int Classes, Func<Tensor, Tensor> Scores, nn.Module Model, BackboneModel Backbone)
{
    /// <summary>Of a batch.</summary>
    /// <exception cref="ArgumentException">The model is of a kind without such scores, or a token or target is out of range.</exception>
    public static TargetStates Of(nn.Module model, TokenBatch rows)
    {
        switch (model)
        {
            case DecoderModel or EncoderDecoderModel:
                return CompletionReading.Of(model, rows).States;
            case MaskedLanguageModel masked:
                TargetPlaces hidden = TargetPlaces.Of(rows, rows.Tokens.Length, masked.Backbone.Config.VocabularySize, masked.Backbone.Device);
                Tensor states = masked.Backbone.ReadTexts(ModelInput.Tokens(rows, masked.Backbone), ModelInput.Mask(rows, masked.Backbone), ModelInput.Segments(rows, masked.Backbone));
                return new(hidden.Select(states), hidden.Targets, masked.Backbone.Config.VocabularySize, masked.HeadModule.Forward, masked, masked.Backbone);
            case SequenceClassifier classifier:
                TargetPlaces texts = TargetPlaces.Of(rows, rows.Rows, classifier.Labels.Count, classifier.Backbone.Device);
                return OfClasses(texts, ModelScores.OfTexts(classifier, rows), classifier.Labels.Count, classifier, classifier.Backbone);
            case TokenClassifier classifier:
                TargetPlaces tokens = TargetPlaces.Of(rows, rows.Tokens.Length, classifier.Labels.Count, classifier.Backbone.Device);
                return OfClasses(tokens, ModelScores.OfTokens(classifier, rows), classifier.Labels.Count, classifier, classifier.Backbone);
            default:
                throw new ArgumentException($"Distillation knows decoders, encoder-decoders, masked language models, text classifiers and token classifiers; received a {model?.GetType().Name ?? "null"}.", nameof(model));
        }
    }

    private static TargetStates OfClasses(TargetPlaces places, Tensor scores, int classes, nn.Module model, BackboneModel backbone) => new(places.Select(scores), places.Targets, classes, kept => kept, model, backbone);
}
