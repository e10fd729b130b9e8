namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How good the probabilities of a positive class are.</summary>
/// <param name="Rows">Rows; at least 1.</param>
/// <param name="TotalWeight">Sum of their weights.</param>
/// <param name="PositiveRate">Share of positive rows, 0 to 1.</param>
/// <param name="LogLoss">Mean of -ln of the probability of what was the case, in nats; 0 is perfect (scikit-learn: <c>log_loss</c>).</param>
/// <param name="LogLossSum">The weighted sum of the same (<c>log_loss</c>, <c>normalize=False</c>).</param>
/// <param name="BrierScore">Mean of (probability - outcome)², 0 to 1; 0 is perfect (<c>brier_score_loss</c>).</param>
public sealed record BinaryProbabilityMetrics(long Rows, double TotalWeight, double PositiveRate, double LogLoss, double LogLossSum, double BrierScore);
