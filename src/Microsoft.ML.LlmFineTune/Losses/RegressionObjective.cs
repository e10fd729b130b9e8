using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a model that gives numbers for a text: the squared error, or a smooth absolute one, averaged over numbers and rows. The rows' values are the wanted numbers. Knows <see cref="SequenceClassifier"/>s.</summary>
public sealed class RegressionObjective : IObjective
{
    /// <summary>The metric of the mean absolute error: "absolute error".</summary>
    public const string AbsoluteError = "absolute error";

    /// <summary>The metric of the mean squared error: "squared error".</summary>
    public const string SquaredError = "squared error";

    private readonly double? _smoothBelow;

    /// <summary>Creates the objective.</summary>
    /// <param name="smoothBelow">Where the square of the error becomes a line, so that far-off targets pull no harder (smooth L1: 1); greater than 0. Null: nowhere.</param>
    public RegressionObjective(double? smoothBelow = null)
    {
        if (smoothBelow is double beta) Require.Positive(beta, nameof(smoothBelow));
        _smoothBelow = smoothBelow;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [AbsoluteError, SquaredError];

    /// <summary>The number of rows.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Rows;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token is out of range, or there is not one value an output.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        SequenceClassifier regressor = ModelInput.Expect<SequenceClassifier>(model, nameof(RegressionObjective));
        Tensor targets = ModelInput.Values(rows, regressor.Labels.Count, regressor.Backbone.Device);                      // [rows, outputs]
        Tensor outputs = ModelScores.OfTexts(regressor, rows);                                                            // [rows, outputs]
        if (metrics is not null)
        {
            Tensor errors = outputs.detach() - targets;
            metrics.Add(AbsoluteError, errors.abs().sum().item<float>(), targets.numel());
            metrics.Add(SquaredError, errors.square().sum().item<float>(), targets.numel());
        }
        Tensor losses = _smoothBelow is double beta ? RegressionLosses.SmoothAbsolute(outputs, targets, beta) : RegressionLosses.Squared(outputs, targets);
        return losses.mean([1]).sum();
    }
}
