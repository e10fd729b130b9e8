using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

internal static class EpochOrder
{
    /// <summary>The numbers 0 to <paramref name="count"/> - 1 in random order; in their own order where there is no stream.</summary>
    public static int[] Of(int count, RandomStream? random)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++)
            order[i] = i;
        random?.Shuffle<int>(order);
        return order;
    }
}
