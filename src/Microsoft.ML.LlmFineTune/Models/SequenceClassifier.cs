using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A backbone with a head that scores the classes of a text, or gives numbers for it (Hugging Face's <c>...ForSequenceClassification</c>).</summary>
public sealed class SequenceClassifier : HeadedModel<SequenceHead>
{
    /// <summary>Puts an uninitialised head of the backbone's family on it.</summary>
    /// <param name="backbone">The backbone; the classifier becomes its owner.</param>
    /// <param name="labels">Names of the outputs: at least two where they are classes of which one is right, else at least one.</param>
    /// <param name="pooling">What the head looks at; null: as the backbone's configuration has it, or else as the family's published classifiers do.</param>
    /// <param name="problem">What the outputs mean.</param>
    public SequenceClassifier(BackboneModel backbone, IReadOnlyList<string> labels, Pooling? pooling = null, ClassificationProblem problem = ClassificationProblem.SingleLabel)
        : base(nameof(SequenceClassifier), backbone, ModelHead.SequenceClassification, RequireLabels(labels, problem),
            (config, below, task, outputs) => (pooling ?? config.Pooling) is Pooling chosen ? new PooledScoreHead(below, outputs, chosen, config.HeadDeviation) : config.CreateSequenceHead(below, task, outputs))
    {
        (Labels, Problem, Pooling) = (labels, problem, pooling ?? backbone.Config.Pooling);
    }

    /// <summary>Names of the outputs, in their order.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>What the outputs mean.</summary>
    public ClassificationProblem Problem { get; }

    /// <summary>What the head looks at; null: what the family's published classifiers do.</summary>
    public Pooling? Pooling { get; }

    /// <inheritdoc/>
    public override ModelConfig Config => Backbone.Config with { Labels = Labels, Pooling = Pooling, Problem = Problem };

    /// <summary>Scores texts.</summary>
    /// <param name="tokens">[batch, sequence] int64; padding stands on the right.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64, for families that tell two texts apart; null: all is the first.</param>
    /// <returns>[batch, labels].</returns>
    public Tensor Forward(Tensor tokens, Tensor? mask = null, Tensor? segments = null)
    {
        (Tensor hidden, tokens, mask) = Backbone.ReadForHead(tokens, mask, segments);
        return HeadModule.Forward(hidden, tokens, mask);
    }

    /// <summary>A classifier of the same shape, device, type and mode, with uninitialised weights.</summary>
    public SequenceClassifier CreateLike() => Like(new SequenceClassifier(Backbone.CreateLike(), Labels, Pooling, Problem));

    private protected override nn.Module CreateLikeModule() => CreateLike();

    private static int RequireLabels(IReadOnlyList<string> labels, ClassificationProblem problem)
    {
        Require.NotNull(labels);
        Require.Argument(labels.Count >= (problem == ClassificationProblem.SingleLabel ? 2 : 1),
            $"A classifier needs {(problem == ClassificationProblem.SingleLabel ? "at least two classes" : "at least one output")}; received {labels.Count}.", nameof(labels));
        return labels.Count;
    }
}
