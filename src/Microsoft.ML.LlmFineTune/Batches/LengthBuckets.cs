using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Rows of like length together, so that little is padded. Bucket bounds grow by a quarter (and by at least 8 tokens): a row is padded to less than 1.25 times its length, or by fewer than 8 tokens, but for the batches that straddle two buckets.
/// </summary>
internal static class LengthBuckets
{
    /// <summary>Row numbers of each batch: drawn within a bucket and then from batch to batch or ordered by length alone where there is no random stream.</summary>
    public static List<int[]> Plan(IReadOnlyList<int> lengths, BatchSize size, RandomStream? random)
    {
        var order = EpochOrder.Of(lengths.Count, random);
        // Stable, so that the drawn order stays inside a bucket. Longest first: memory is asked for once.
        var sorted = order.OrderByDescending(row => random is null ? lengths[row] : BucketOf(lengths[row]));
        var batches = new List<int[]>();
        var batch = new List<int>();
        var longest = 0;
        foreach (var row in sorted)
        {
            longest = Math.Max(longest, lengths[row]);
            if (batch.Count > 0 && !size.Takes(batch.Count + 1, longest))
            {
                batches.Add([.. batch]);
                batch.Clear();
                longest = lengths[row];
            }
            batch.Add(row);
        }
        batches.Add([.. batch]);
        random?.Shuffle(CollectionsMarshal.AsSpan(batches));
        return batches;
    }

    /// <summary>How many batches <see cref="Plan"/> gives: known at once unless lengths decide.</summary>
    public static int Count(IReadOnlyList<int> lengths, BatchSize size, RandomStream? random) =>
        size.MaximumTokens == int.MaxValue ? 1 + (lengths.Count - 1) / size.MaximumRows : Plan(lengths, size, random).Count;

    internal static int BucketOf(int length)
    {
        var bound = 8;
        while (bound < length)
            bound = Math.Max(bound + 8, bound + bound / 4);
        return bound;
    }
}
