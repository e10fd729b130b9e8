namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How much answers change when a text speaks of another group.</summary>
/// <param name="Items">Texts that have variants.</param>
/// <param name="Pairs">Pairs of a text and one of its variants.</param>
/// <param name="FlipRate">Share of the pairs whose labels differ; 0..1, best 0.</param>
/// <param name="ItemFlipRate">Share of the texts with a variant whose label differs; 0..1, best 0.</param>
/// <param name="MeanGap">Mean of variant - original score. Opposite gaps cancel out.</param>
/// <param name="MeanAbsoluteGap">Mean of |variant - original|; best 0.</param>
/// <param name="LargestAbsoluteGap">The largest |variant - original|.</param>
/// <param name="MeanItemRange">Mean over texts of the largest minus the smallest score of text and variants; best 0.</param>
public sealed record CounterfactualScores(long Items, long Pairs, double FlipRate, double ItemFlipRate, double MeanGap, double MeanAbsoluteGap, double LargestAbsoluteGap, double MeanItemRange);

/// <summary>Counterfactual fairness: over everything, and by group of texts.</summary>
/// <param name="Overall">Over all texts.</param>
/// <param name="PerGroup">By group, in ordinal order; empty when no group was named.</param>
public sealed record CounterfactualMetrics(CounterfactualScores Overall, IReadOnlyDictionary<string, CounterfactualScores> PerGroup);
