using Microsoft.ML.LlmFineTune.Batches;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What training makes smaller: a loss over the targets of a batch. Implementations keep no state, because replicas call them at the same time.</summary>
public interface IObjective
{
    /// <summary>Names of the metrics that <see cref="SummedLoss"/> counts besides the loss, for example "accuracy".</summary>
    IReadOnlyList<string> Metrics { get; }

    /// <summary>
    /// The loss of the rows, summed over their targets and not divided: the caller divides by the target count of the whole step,
    /// so that accumulation and replicas change nothing. Tensors are made on the device of the model's parameters.
    /// </summary>
    /// <param name="model">The model, of a kind that the objective knows.</param>
    /// <param name="rows">The rows; at least one of them has a target.</param>
    /// <param name="metrics">Where the metrics are counted; null (in training): they are not computed.</param>
    /// <returns>A scalar (float32) that the caller may call backward on.</returns>
    Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null);
}
