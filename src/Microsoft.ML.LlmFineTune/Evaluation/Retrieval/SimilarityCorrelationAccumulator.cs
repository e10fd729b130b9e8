using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Semantic textual similarity: how the similarities of pairs of embeddings correlate with people's scores of the pairs. It keeps the similarities. Source: sentence-transformers' <c>EmbeddingSimilarityEvaluator</c>.</summary>
public sealed class SimilarityCorrelationAccumulator
{
    private static readonly SimilarityFunction[] s_functions = Enum.GetValues<SimilarityFunction>();
    private readonly CorrelationAccumulator[] _correlations = [.. s_functions.Select(_ => new CorrelationAccumulator())];

    /// <summary>Pairs seen.</summary>
    public long Rows => _correlations[0].Rows;

    /// <summary>Counts a pair.</summary>
    /// <param name="a">[width]: embedding of the first text; finite.</param>
    /// <param name="b">[width]: embedding of the second text; finite.</param>
    /// <param name="score">How alike people find them, on any scale; finite.</param>
    /// <exception cref="ArgumentException">The widths differ, or a number is NaN or infinite; the message names the pair.</exception>
    public void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b, double score)
    {
        Row.Length(b.Length, a.Length, Rows, "components in the second embedding");
        Row.Finite(score, Rows, nameof(score));
        foreach (float component in a) Row.Finite(component, Rows, "component of the first embedding");
        foreach (float component in b) Row.Finite(component, Rows, "component of the second embedding");
        foreach (SimilarityFunction function in s_functions) _correlations[(int)function].Add(score, Similarity.Of(a, b, function));
    }

    /// <summary>Adds the pairs of another accumulator after this one's.</summary>
    public void Merge(SimilarityCorrelationAccumulator other)
    {
        Row.Other(this, other);
        foreach ((CorrelationAccumulator mine, CorrelationAccumulator others) in _correlations.Zip(other._correlations)) mine.Merge(others);
    }

    /// <summary>Correlation of the scores with the similarities by one measure. (Distances are negated, so that a good model correlates positively.)</summary>
    public CorrelationMetrics Compute(SimilarityFunction function = SimilarityFunction.Cosine) => _correlations[(int)function].Compute();
}
