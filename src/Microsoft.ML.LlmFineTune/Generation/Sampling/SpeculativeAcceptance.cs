namespace Microsoft.ML.LlmFineTune.Generation.Sampling;

/// <summary>
/// Which of a draft's tokens stay, so that the text is distributed as if the model had drawn every token itself: a token of probability q in the draft and p in the model
/// stays with probability min(1, p / q); behind the first one that goes, the next token is drawn from max(0, p - q), behind the last one that stays from p
/// (Leviathan, Kalman, Matias: "Fast Inference from Transformers via Speculative Decoding", 2023, algorithm 1).
/// </summary>
public static class SpeculativeAcceptance
{
    /// <summary>Whether a drafted token stays.</summary>
    /// <param name="model">[vocabulary], probabilities of the model.</param>
    /// <param name="draft">[vocabulary], probabilities of the draft.</param>
    /// <param name="token">The drafted token.</param>
    /// <param name="uniform">From 0 to less than 1.</param>
    public static bool Stays(ReadOnlySpan<double> model, ReadOnlySpan<double> draft, int token, double uniform) => uniform <= model[token] / draft[token];

    /// <summary>The distribution of the token that takes the place of one that goes.</summary>
    /// <param name="model">[vocabulary], probabilities of the model.</param>
    /// <param name="draft">[vocabulary], probabilities of the draft.</param>
    /// <returns>[vocabulary], probabilities.</returns>
    public static double[] Rest(ReadOnlySpan<double> model, ReadOnlySpan<double> draft)
    {
        double[] rest = new double[model.Length];
        double sum = 0;
        for (int token = 0; token < rest.Length; token++) sum += rest[token] = Math.Max(0, model[token] - draft[token]);
        // Rounding may leave nothing where both agree.
        if (sum == 0) return model.ToArray();
        for (int token = 0; token < rest.Length; token++) rest[token] /= sum;
        return rest;
    }
}
