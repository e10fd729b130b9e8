using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Makes a model for a task from a configuration.</summary>
public static class TaskModels
{
    /// <summary>The model of a configuration with the head of a task, with uninitialised weights.</summary>
    /// <param name="config">The shape; classifiers take its labels (two, where it names none), embedders the mean of the hidden states.</param>
    /// <param name="head">The task; null: none but what the backbone has.</param>
    /// <param name="device">Where the weights live; default: the CPU. On <see cref="META"/> nothing is allocated.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <returns>An <see cref="ICheckpointModel"/> that is an <see cref="nn.Module"/>.</returns>
    /// <exception cref="NotSupportedException">The family has no such head.</exception>
    public static nn.Module Create(ModelConfig config, ModelHead? head = null, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        ArgumentNullException.ThrowIfNull(config);
        IReadOnlyList<string> labels = config.Labels.Count > 0 ? config.Labels : ["LABEL_0", "LABEL_1"];
        BackboneModel backbone = config.CreateBackboneFor(head ?? ModelHead.None, device, dtype);
        try
        {
            return head switch
            {
                null or ModelHead.None => backbone,
                ModelHead own when own == backbone.Head => backbone,
                ModelHead.SequenceClassification => new SequenceClassifier(backbone, labels, problem: labels.Count == 1 ? ClassificationProblem.Regression : config.Problem),
                ModelHead.TokenClassification => new TokenClassifier(backbone, labels),
                ModelHead.MaskedToken => new MaskedLanguageModel(backbone),
                ModelHead.ReplacedToken => new ReplacedTokenDetector(backbone),
                ModelHead.QuestionAnswering => new QuestionAnsweringModel(backbone),
                ModelHead.MultipleChoice => new MultipleChoiceModel(backbone),
                ModelHead.Embedding => new TextEmbedder(backbone),
                _ => throw new NotSupportedException($"'{config.Family}' cannot be made for {head}: its backbone is for {backbone.Head}. Take a family of that kind."),
            };
        }
        catch
        {
            backbone.Dispose();
            throw;
        }
    }
}
