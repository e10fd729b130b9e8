using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What models with a head say of a batch.</summary>
internal static class ModelScores
{
    /// <summary>[rows, labels].</summary>
    public static Tensor OfTexts(SequenceClassifier model, TokenBatch rows) =>
        model.Forward(ModelInput.Tokens(rows, model.Backbone), ModelInput.Mask(rows, model.Backbone), ModelInput.Segments(rows, model.Backbone));

    /// <summary>[rows, length, labels].</summary>
    public static Tensor OfTokens(TokenClassifier model, TokenBatch rows) =>
        model.Forward(ModelInput.Tokens(rows, model.Backbone), ModelInput.Mask(rows, model.Backbone), ModelInput.Segments(rows, model.Backbone));

    /// <summary>[rows, width].</summary>
    public static Tensor OfTexts(TextEmbedder model, TokenBatch rows) =>
        model.Forward(ModelInput.Tokens(rows, model.Backbone), ModelInput.Mask(rows, model.Backbone), ModelInput.Segments(rows, model.Backbone));
}
