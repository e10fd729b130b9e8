namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>What the cuts share.</summary>
internal static class Cut
{
    /// <summary>The k-th largest score; the smallest where there are fewer.</summary>
    public static float Threshold(ReadOnlySpan<float> scores, int k)
    {
        PriorityQueue<float, float> best = new(Math.Min(k, scores.Length));   // the smallest of the best comes out first
        foreach (float score in scores)
        {
            if (best.Count < k) best.Enqueue(score, score);
            else if (score > best.Peek()) best.EnqueueDequeue(score, score);
        }
        return best.Peek();
    }

    /// <summary>Bars the tokens below a probability, but for the best ones, which stay.</summary>
    public static void Below(double probability, double[] probabilities, int kept, Span<float> scores)
    {
        float threshold = Threshold(scores, kept);
        for (int token = 0; token < scores.Length; token++)
        {
            if (probabilities[token] < probability && scores[token] < threshold) scores[token] = float.NegativeInfinity;
        }
    }

    /// <summary>Natural entropy.</summary>
    public static double Entropy(double[] probabilities)
    {
        double entropy = 0;
        foreach (double probability in probabilities)
        {
            if (probability > 0) entropy -= probability * Math.Log(probability);
        }
        return entropy;
    }
}
