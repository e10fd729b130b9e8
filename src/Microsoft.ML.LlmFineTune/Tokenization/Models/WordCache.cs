using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Words and their tokens: texts repeat few words often. A word has its place and a few beside it; where those are taken it puts another word out. So it needs bounded memory and bounded time whatever the words. Safe for several threads, without locks.
/// </summary>
internal sealed class WordCache
{
    private const int Slots = 1 << 16;
    private const int Neighbours = 8;
    private const int LongestWord = 64;

    private readonly Entry?[] _entries = new Entry?[Slots + Neighbours];

    /// <summary>The tokens of a word; null where they aren't known.</summary>
    public TokenPiece[]? Find(ReadOnlySpan<char> word, out uint hash)
    {
        hash = Hash(word);
        if (word.Length > LongestWord)
            return null;
        ref var slot = ref SlotOf(hash);
        for (var i = 0; i < Neighbours; i++)
        {
            var entry = Volatile.Read(ref Unsafe.Add(ref slot, i));
            if (entry is null)
                return null;
            if (entry.Hash == hash && word.SequenceEqual(entry.Word))
                return entry.Pieces;
        }
        return null;
    }

    public void Add(ReadOnlySpan<char> word, uint hash, TokenPiece[] pieces)
    {
        if (word.Length > LongestWord)
            return;
        ref var slot = ref SlotOf(hash);
        var place = 0;
        while (place < Neighbours && Volatile.Read(ref Unsafe.Add(ref slot, place)) is not null)
            place++;
        // Which word goes is as good as random.
        if (place == Neighbours)
            place = (int)(hash >> 29) % Neighbours;
        Volatile.Write(ref Unsafe.Add(ref slot, place), new Entry(hash, word.ToString(), pieces));
    }

    private ref Entry? SlotOf(uint hash) => ref _entries[hash & (Slots - 1)];

    private static uint Hash(ReadOnlySpan<char> word)
    {
        var bytes = MemoryMarshal.AsBytes(word);
        var hash = (ulong)(uint)bytes.Length * 0x9E3779B97F4A7C15UL;
        while (bytes.Length >= 8)
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }
        var rest = 0UL;
        foreach (var value in bytes)
            rest = rest << 8 | value;
        hash = Mix(hash ^ rest);
        return (uint)(hash ^ hash >> 32);
    }

    private static ulong Mix(ulong value)
    {
        value *= 0xBF58476D1CE4E5B9UL;
        return value ^ value >> 31;
    }

    private sealed record Entry(uint Hash, string Word, TokenPiece[] Pieces);
}
