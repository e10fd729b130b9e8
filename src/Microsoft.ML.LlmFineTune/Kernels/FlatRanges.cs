using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Cuts flat tensors into pieces of a fixed size, so that sums do not depend on how many threads share the pieces out.</summary>
internal static class FlatRanges
{
    /// <summary>Elements a piece: small enough for the first-level cache, a multiple of every vector width.</summary>
    public const int Piece = 4096;

    /// <summary>How many pieces some elements make.</summary>
    public static int Pieces(long elements) => checked((int)((elements + Piece - 1) / Piece));

    /// <summary>Runs <paramref name="body"/>(piece, first element, element count) for every piece, neighbouring pieces in one thread of the pool.</summary>
    public static void ForEach(long elements, ReplicaPool? pool, Action<int, long, int> body) =>
        Share(Pieces(elements), pool, piece =>
        {
            long first = (long)piece * Piece;
            body(piece, first, (int)Math.Min(Piece, elements - first));
        });

    /// <summary>Runs <paramref name="body"/>(range, first element within it, element count) for every piece of ranges of the given sizes, neighbouring pieces in one thread of the pool.</summary>
    public static void ForEach(IReadOnlyList<long> sizes, ReplicaPool? pool, Action<int, long, int> body)
    {
        int[] ends = new int[sizes.Count];
        int pieces = 0;
        for (int i = 0; i < ends.Length; i++) ends[i] = pieces = checked(pieces + Pieces(sizes[i]));
        Share(pieces, pool, piece =>
        {
            int range = Array.BinarySearch(ends, piece + 1);
            if (range < 0) range = ~range;
            // Ranges without elements end where the one before them ends.
            while (range > 0 && ends[range - 1] > piece) range--;
            long first = (long)(piece - (range == 0 ? 0 : ends[range - 1])) * Piece;
            body(range, first, (int)Math.Min(Piece, sizes[range] - first));
        });
    }

    private static void Share(int pieces, ReplicaPool? pool, Action<int> body)
    {
        // A wake-up of the pool costs about as much as a few dozen pieces.
        if (pool is null || pool.Replicas == 1 || pieces < 32)
        {
            Range(0, pieces);
            return;
        }
        pool.Run(replica => Range((int)((long)pieces * replica / pool.Replicas), (int)((long)pieces * (replica + 1) / pool.Replicas)));

        void Range(int from, int to)
        {
            for (int piece = from; piece < to; piece++) body(piece);
        }
    }
}
