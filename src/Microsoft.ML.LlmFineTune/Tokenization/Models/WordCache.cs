using System.Collections.Concurrent;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Words and their tokens: texts repeat few words often. Takes words up to a length, and as many as it has room for; what comes later is computed each time. Safe for several threads.
/// </summary>
internal sealed class WordCache(BpeModel model)
{
    private const int Capacity = 1 << 16;
    private const int LongestWord = 48;

    private readonly ConcurrentDictionary<string, BpePiece[]> _words = new();
    private int _count;

    public BpePiece[] Encode(ReadOnlySpan<char> word)
    {
        if (word.Length > LongestWord)
            return Compute(word);
        var lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(word, out var known))
            return known;
        var pieces = Compute(word);
        // Counted here: the dictionary's own Count takes all its locks.
        if (Volatile.Read(ref _count) < Capacity && lookup.TryAdd(word, pieces))
            Interlocked.Increment(ref _count);
        return pieces;
    }

    // A lone surrogate becomes U+FFFD.
    private BpePiece[] Compute(ReadOnlySpan<char> word)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        return model.Encode(bytes);
    }
}
