namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Probabilities of scores.</summary>
internal static class Softmax
{
    /// <summary>exp(score) / sum of exp, in double precision; a barred token has probability 0.</summary>
    /// <exception cref="InvalidOperationException">A score is not a number, or every token is barred.</exception>
    public static double[] Of(ReadOnlySpan<float> scores)
    {
        float largest = float.NegativeInfinity;
        foreach (float score in scores)
        {
            if (float.IsNaN(score)) throw NoChoice("a score is not a number");
            largest = Math.Max(largest, score);
        }
        if (!float.IsFinite(largest)) throw NoChoice(largest > 0 ? "a score is infinite" : "every token is barred");
        double[] probabilities = new double[scores.Length];
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++) sum += probabilities[i] = Math.Exp((double)scores[i] - largest);
        for (int i = 0; i < probabilities.Length; i++) probabilities[i] /= sum;
        return probabilities;
    }

    private static InvalidOperationException NoChoice(string reason) =>
        new($"No next token can be chosen: {reason}. Check that the weights are finite (a training run that diverged leaves NaN).");
}
