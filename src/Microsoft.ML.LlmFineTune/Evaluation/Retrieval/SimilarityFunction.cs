namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How alike two embeddings are: the greater, the more. Source: sentence-transformers' <c>SimilarityFunction</c>.</summary>
public enum SimilarityFunction
{
    /// <summary>Cosine of the angle, -1 to 1; lengths below 1e-12 count as 1e-12, so a zero vector has 0.</summary>
    Cosine,

    /// <summary>Scalar product.</summary>
    Dot,

    /// <summary>Euclidean distance, negated: up to 0.</summary>
    Euclidean,

    /// <summary>Manhattan distance, negated: up to 0.</summary>
    Manhattan,
}
