using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Documents joined into one stream: an end-of-text before the first and one after each.</summary>
internal static class DocumentStream
{
    /// <summary>The documents that have tokens.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IReadOnlyList<int[]> NotEmpty(IReadOnlyList<int[]> documents)
    {
        int[][] kept = documents.Where(document => document.Length > 0).ToArray();
        if (kept.Length == 0)
            throw new ArgumentException($"Training needs a document with at least one token; {documents.Count} documents were given, all of them empty.", nameof(documents));
        return kept;
    }

    /// <summary>Tokens of the stream.</summary>
    /// <exception cref="ArgumentException">They are more than 2^31.</exception>
    public static int LengthOf(IReadOnlyList<int[]> documents)
    {
        var length = 1 + documents.Sum(document => document.Length + 1L);
        if (length > Array.MaxLength)
            throw new ArgumentException($"Packing needs fewer than {Array.MaxLength} tokens; {length} were given. Split the documents.", nameof(documents));
        return (int)length;
    }

    /// <summary>The stream, documents in random order; in their own where there is none.</summary>
    public static int[] Pack(IReadOnlyList<int[]> documents, int endOfText, RandomStream? order)
    {
        var stream = new int[LengthOf(documents)];
        stream[0] = endOfText;
        var at = 1;
        foreach (var index in EpochOrder.Of(documents.Count, order))
        {
            documents[index].CopyTo(stream, at);
            at += documents[index].Length;
            stream[at++] = endOfText;
        }
        return stream;
    }
}
