using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Generation.Sampling;

/// <summary>The best of many.</summary>
internal static class Ranking
{
    /// <summary>Places of the largest values, the largest first, of equal ones the first.</summary>
    /// <param name="values">The values.</param>
    /// <param name="count">How many; fewer where there are fewer values.</param>
    public static int[] Best<T>(ReadOnlySpan<T> values, int count) where T : INumber<T>
    {
        PriorityQueue<int, (T Value, int Before)> best = new(count + 1);   // the worst of the best comes out first
        for (int i = 0; i < values.Length; i++)
        {
            if (best.Count < count) best.Enqueue(i, (values[i], -i));
            else if (best.TryPeek(out _, out (T Value, int Before) worst) && values[i] > worst.Value) best.EnqueueDequeue(i, (values[i], -i));
        }
        int[] places = new int[best.Count];
        for (int i = places.Length - 1; i >= 0; i--) places[i] = best.Dequeue();
        return places;
    }
}
