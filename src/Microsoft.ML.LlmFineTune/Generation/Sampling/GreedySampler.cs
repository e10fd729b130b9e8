namespace Microsoft.ML.LlmFineTune.Generation.Sampling;

/// <summary>Takes the token with the best score, of equal ones the first.</summary>
public static class GreedySampler
{
    /// <summary>The token.</summary>
    /// <param name="scores">[vocabulary].</param>
    /// <exception cref="InvalidOperationException">A score is not a number, or every token is barred.</exception>
    public static int Choose(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int token = 1; token < scores.Length; token++)
        {
            if (scores[token] > scores[best]) best = token;
        }
        if (!float.IsFinite(scores[best]) || float.IsNaN(System.Numerics.Tensors.TensorPrimitives.Sum(scores))) Softmax.Of(scores);   // which says what is wrong
        return best;
    }
}
