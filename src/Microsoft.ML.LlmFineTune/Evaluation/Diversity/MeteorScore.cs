namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>METEOR of a text against one reference.</summary>
/// <param name="Score">From 0 to 1; higher is better.</param>
/// <param name="Alignment">The pairs of matched words, counted from 0, in the order of the hypothesis.</param>
public sealed record MeteorScore(double Score, IReadOnlyList<(int Hypothesis, int Reference)> Alignment);

/// <summary>METEOR of a corpus.</summary>
/// <param name="Score">Mean of the texts' scores, from 0 to 1; NaN before anything was added.</param>
/// <param name="Segments">Texts.</param>
/// <param name="Warnings">What the input had that its owner should know.</param>
public sealed record MeteorMetrics(double Score, long Segments, IReadOnlyList<InputWarning> Warnings);
