namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How good the first k hits are, averaged over queries; every figure is from 0 to 1. Source: sentence-transformers' <c>InformationRetrievalEvaluator</c>.</summary>
/// <param name="K">How many hits of each query count.</param>
/// <param name="Accuracy">Share of the queries with a relevant document among them.</param>
/// <param name="Precision">Relevant documents among them / k (fewer hits than k make it smaller).</param>
/// <param name="Recall">Relevant documents among them / all relevant ones, in the corpus or not.</param>
/// <param name="Ndcg">Normalised discounted cumulative gain: relevance is 0 or 1, the discount 1 / log2(rank + 1).</param>
/// <param name="MeanReciprocalRank">1 / rank of the first relevant hit among them; 0 where there is none.</param>
/// <param name="MeanAveragePrecision">Sum of the precisions at the relevant hits / min(k, all relevant ones).</param>
public sealed record RetrievalAtK(int K, double Accuracy, double Precision, double Recall, double Ndcg, double MeanReciprocalRank, double MeanAveragePrecision);
