using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How good the probabilities of several classes are. Source: scikit-learn's functions, named at each member.</summary>
public sealed record ProbabilityMetrics
{
    private readonly double[][] _ranks;

    internal ProbabilityMetrics(double logLoss, double squares, double[][] ranks, ClassificationMetrics labels, long notSummingToOne, long? firstNotSummingToOne)
    {
        (LogLossSum, _ranks, Labels, RowsNotSummingToOne, FirstRowNotSummingToOne) = (logLoss, ranks, labels, notSummingToOne, firstNotSummingToOne);
        BrierScore = squares / labels.TotalWeight;
    }

    /// <summary>Rows; at least 1.</summary>
    public long Rows => Labels.Rows;

    /// <summary>Mean of -ln of the probability of the row's class, in nats; 0 is perfect. Rows that do not sum to 1 are taken as they are (<c>log_loss</c>).</summary>
    public double LogLoss => LogLossSum / Labels.TotalWeight;

    /// <summary>The weighted sum of the same (<c>log_loss</c>, <c>normalize=False</c>).</summary>
    public double LogLossSum { get; }

    /// <summary>Mean over the rows of the sum over the classes of (probability - outcome)²: 0 (perfect) to 2 (<c>brier_score_loss</c>, <c>scale_by_half=False</c>).</summary>
    public double BrierScore { get; }

    /// <summary>Half of it: 0 to 1 (<c>brier_score_loss</c>, <c>scale_by_half=True</c>).</summary>
    public double BrierScoreHalf => BrierScore / 2;

    /// <summary>What the first of the most probable classes is worth as an answer.</summary>
    public ClassificationMetrics Labels { get; }

    /// <summary>How many rows' probabilities do not sum to 1 (within the square root of the rows' precision); scikit-learn warns of them.</summary>
    public long RowsNotSummingToOne { get; }

    /// <summary>The first of those rows, counted from 0; null where there is none.</summary>
    public long? FirstRowNotSummingToOne { get; }

    /// <summary>Share of the rows whose class is among the k most probable: 0 to 1 (<c>top_k_accuracy_score</c>).</summary>
    /// <param name="k">At least 1; from the number of classes on it is 1.</param>
    /// <param name="ties">Which of two equally probable classes comes first. Default: as scikit-learn.</param>
    public double TopKAccuracy(int k, TopKTies ties = TopKTies.HigherIndexFirst) => _ranks[(int)ties].Take(Require.AtLeast(k, 1)).Sum() / Labels.TotalWeight;
}
