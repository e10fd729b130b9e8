using Microsoft.ML.LlmFineTune.Batches;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What training makes smaller: a loss over the targets of a batch. Implementations keep no state, because replicas call them at the same time.</summary>
public interface IObjective
{
    /// <summary>Names of the metrics that <see cref="SummedLoss"/> counts besides the loss, for example "accuracy".</summary>
    IReadOnlyList<string> Metrics { get; }

    /// <summary>The objective and its options in words, so that a run that is resumed with others notices. Default: the name of the class.</summary>
    string Description => GetType().Name;

    /// <summary>
    /// Whether a batch may be cut into slices whose losses add up. False: the loss compares rows of a batch with each other (negatives from the same batch, a mean or an order over the batch),
    /// so that a batch goes to one replica whole.
    /// </summary>
    bool SplitsBatches => true;

    /// <summary>
    /// What the loss of the rows is divided by, together with that of all other rows of the step: by default the number of targets; for other objectives the number of rows, pairs or tokens, or a sum of weights.
    /// Weights of slices add up. Rows of weight 0 have nothing to learn from and may be left out.
    /// </summary>
    /// <param name="rows">The rows, as <see cref="SummedLoss"/> is given them.</param>
    double Weight(TokenBatch rows) => rows.TargetCount;

    /// <summary>
    /// The objective as it judges a whole data set, read batch by batch: where a part of its loss is divided by another count than <see cref="Weight"/>, that is counted over all of it, so that the batches change nothing.
    /// Default: itself, since most have no such part.
    /// </summary>
    /// <param name="batches">All batches of the data set; they are read once at most.</param>
    IObjective Over(IEnumerable<TokenBatch> batches) => this;

    /// <summary>
    /// The loss of the rows, summed and not divided: the caller divides by the <see cref="Weight"/> of the whole step,
    /// so that accumulation and replicas change nothing. Tensors are made on the device of the model's parameters.
    /// </summary>
    /// <param name="model">The model, of a kind that the objective knows.</param>
    /// <param name="rows">The rows; their <see cref="Weight"/> is greater than 0.</param>
    /// <param name="metrics">Where the metrics are counted; null (in training): they are not computed.</param>
    /// <returns>A scalar (float32) that the caller may call backward on.</returns>
    Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null);
}
