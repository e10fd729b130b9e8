namespace Microsoft.ML.LlmFineTune.Generation.Sampling;

/// <summary>Probabilities of scores.</summary>
internal static class Softmax
{
    /// <summary>exp(score) / sum of exp, in double precision; a barred token has probability 0.</summary>
    /// <exception cref="InvalidOperationException">A score is not a number, or every token is barred.</exception>
    public static double[] Of(ReadOnlySpan<float> scores)
    {
        double[] probabilities = new double[scores.Length];
        double sum = Exponentials(scores, probabilities, out _);
        for (int i = 0; i < probabilities.Length; i++) probabilities[i] /= sum;
        return probabilities;
    }

    /// <summary>Replaces scores by the logarithms of their probabilities; a barred token stays at minus infinity.</summary>
    /// <exception cref="InvalidOperationException">A score is not a number, or every token is barred.</exception>
    public static void Logarithms(Span<float> scores)
    {
        double logarithmOfSum = Math.Log(Exponentials(scores, new double[scores.Length], out float largest));
        foreach (ref float score in scores) score = (float)((double)score - largest - logarithmOfSum);
    }

    /// <summary>exp(score - largest score), and their sum.</summary>
    private static double Exponentials(ReadOnlySpan<float> scores, double[] exponentials, out float largest)
    {
        largest = float.NegativeInfinity;
        foreach (float score in scores)
        {
            if (float.IsNaN(score)) throw NoChoice("a score is not a number");
            largest = Math.Max(largest, score);
        }
        if (!float.IsFinite(largest)) throw NoChoice(largest > 0 ? "a score is infinite" : "every token is barred");
        double sum = 0;
        for (int i = 0; i < exponentials.Length; i++) sum += exponentials[i] = Math.Exp((double)scores[i] - largest);
        return sum;
    }

    private static InvalidOperationException NoChoice(string reason) =>
        new($"No next token can be chosen: {reason}. Check that the weights are finite (a training run that diverged leaves NaN), and that the options leave a token.");
}
