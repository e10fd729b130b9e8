using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Sampling;

/// <summary>
/// Draws tokens whose surprise (-log2 of their probability) keeps near a target: after every draw the largest surprise that is let through moves against the error
/// (Basu et al.: "Mirostat", 2021). Version 1 turns it into a number of best tokens, by an estimate of Zipf's exponent from the 100 best; version 2 cuts at it directly.
/// Surprises are those of the cut distribution, as in llama.cpp. One sampler serves one text.
/// </summary>
public sealed class MirostatSampler
{
    private const int Estimated = 100;
    private readonly int _version;
    private readonly double _target;
    private readonly double _rate;

    /// <summary>Creates the sampler of a text.</summary>
    /// <param name="version">1 or 2.</param>
    /// <param name="target">The surprise aimed at (tau), in bits; greater than 0.</param>
    /// <param name="rate">How fast the limit moves (eta); greater than 0.</param>
    public MirostatSampler(int version, double target, double rate)
    {
        _version = Require.Within(version, 1, 2);
        _target = Require.Positive(target);
        _rate = Require.Positive(rate);
        LargestSurprise = 2 * target;
    }

    /// <summary>The largest surprise that is let through (mu), in bits; twice the target at first.</summary>
    public double LargestSurprise { get; private set; }

    /// <summary>Draws a token.</summary>
    /// <param name="scores">[vocabulary]; probabilities are their softmax.</param>
    /// <param name="uniform">From 0 to less than 1: the draw is the first, in falling order of scores, whose cumulative probability exceeds it.</param>
    /// <exception cref="InvalidOperationException">A score is not a number, or every token is barred.</exception>
    public int Choose(ReadOnlySpan<float> scores, double uniform)
    {
        Require.Below(uniform, 0.0, 1.0);
        double[] probabilities = Softmax.Of(scores);
        int[] ids = [.. Enumerable.Range(0, probabilities.Length)];
        Array.Sort(probabilities, ids, Comparer<double>.Create((left, right) => right.CompareTo(left)));

        int kept = _version == 1 ? BestTokens(probabilities) : UnsurprisingTokens(probabilities);
        double mass = probabilities.Take(kept).Sum(), cumulative = 0;
        int chosen = 0;
        for (; chosen < kept - 1; chosen++)
        {
            cumulative += probabilities[chosen] / mass;
            if (cumulative > uniform) break;
        }
        double surprise = -Math.Log2(probabilities[chosen] / mass);
        LargestSurprise -= _rate * (surprise - _target);
        return ids[chosen];
    }

    /// <summary>How many tokens version 2 keeps: those that surprise no more than the limit, one at least.</summary>
    /// <param name="probabilities">Falling.</param>
    internal int UnsurprisingTokens(double[] probabilities)
    {
        int kept = Array.FindIndex(probabilities, probability => -Math.Log2(probability) > LargestSurprise);
        return kept < 0 ? probabilities.Length : Math.Max(1, kept);
    }

    /// <summary>How many tokens version 1 keeps.</summary>
    /// <param name="probabilities">Falling.</param>
    private int BestTokens(double[] probabilities)
    {
        // Zipf's exponent s by least squares over the steps between neighbours: log(p_i / p_(i+1)) = s * log((i + 2) / (i + 1)).
        double products = 0, squares = 0;
        for (int i = 0; i < Math.Min(Estimated, probabilities.Length) - 1 && probabilities[i + 1] > 0; i++)
        {
            double step = Math.Log((i + 2.0) / (i + 1));
            products += step * Math.Log(probabilities[i] / probabilities[i + 1]);
            squares += step * step;
        }
        if (squares == 0) return 1;
        double exponent = products / squares, excess = exponent - 1;
        double best = Math.Pow(excess * Math.Pow(2, LargestSurprise) / (1 - Math.Pow(probabilities.Length, -excess)), 1 / exponent);
        return double.IsFinite(best) ? (int)Math.Clamp(best, 1, probabilities.Length) : probabilities.Length;
    }
}
