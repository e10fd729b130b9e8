using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Sampling;

/// <summary>Draws without replacement by their probabilities: the best sums of score and Gumbel noise (Kool, van Hoof, Welling: "Stochastic Beams", 2019).</summary>
public static class GumbelSampler
{
    /// <summary>The chosen places, in the order of the draws.</summary>
    /// <param name="scores">[n]; probabilities are their softmax.</param>
    /// <param name="noise">[n], independent numbers of the standard Gumbel distribution.</param>
    /// <param name="count">How many; from 1 to n. Places at minus infinity come last.</param>
    public static int[] Choose(ReadOnlySpan<float> scores, ReadOnlySpan<double> noise, int count)
    {
        Require.Argument(noise.Length == scores.Length, $"There must be as many numbers of noise as scores, {scores.Length}; received {noise.Length}.", nameof(noise));
        double[] keys = new double[scores.Length];
        for (int i = 0; i < keys.Length; i++) keys[i] = scores[i] + noise[i];
        return Ranking.Best<double>(keys, Require.Within(count, 1, keys.Length));
    }

    /// <summary>Standard Gumbel noise out of a stream of uniform numbers.</summary>
    internal static double[] Noise(RandomStream random, int count)
    {
        double[] noise = new double[count];
        for (int i = 0; i < count; i++) noise[i] = -Math.Log(-Math.Log(1 - random.NextDouble()));
        return noise;
    }
}
