namespace Microsoft.ML.Trainers;

internal static class Softmax
{
    /// <summary>The logarithm of the sum of exponentials, without overflow.</summary>
    public static float LogSum(ReadOnlySpan<float> scores)
    {
        int largest = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[largest])
                largest = i;
        }
        float top = scores[largest];
        if (!float.IsFinite(top))
            return top;
        double rest = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            if (i != largest)
                rest += Math.Exp(scores[i] - top);
        }
        return (float)(top + Math.Log(1 + rest));
    }

    /// <summary>Turns scores into probabilities in place.</summary>
    public static void Normalize(Span<float> scores)
    {
        float total = LogSum(scores);
        for (int i = 0; i < scores.Length; i++)
            scores[i] = (float)Math.Exp(scores[i] - total);
    }
}
