using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Sampling;

/// <summary>Draws a token by its probability: the first, in the order of ids, whose cumulative probability exceeds a uniform number.</summary>
public static class RandomSampler
{
    /// <summary>The token.</summary>
    /// <param name="scores">[vocabulary]; probabilities are their softmax.</param>
    /// <param name="uniform">From 0 to less than 1.</param>
    /// <exception cref="InvalidOperationException">A score is not a number, or every token is barred.</exception>
    public static int Choose(ReadOnlySpan<float> scores, double uniform) =>
        Draw(Softmax.Of(scores), uniform);

    /// <summary>The first place whose cumulative probability exceeds a uniform number.</summary>
    internal static int Draw(ReadOnlySpan<double> probabilities, double uniform)
    {
        Require.Below(uniform, 0.0, 1.0);
        double cumulative = 0;
        int last = 0;
        for (int token = 0; token < probabilities.Length; token++)
        {
            if (probabilities[token] == 0) continue;
            cumulative += probabilities[token];
            if (cumulative > uniform) return token;
            last = token;
        }
        return last;   // rounding left the sum just below the number
    }
}
