using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Distinct words and how often each occurs, in the order of their first occurrence. Characters lie side by side in pages and entries in one array, so a word costs its characters and about 40 bytes.
/// Not for several threads at once.
/// </summary>
internal sealed class WordCounts : IWordSink
{
    private const int PageLength = 1 << 17;
    private const int AddsPerCheck = 1 << 16;
    private const ulong Mixer = 0x9E3779B97F4A7C15;

    // Whoever writes texts cannot choose words that fall into one slot.
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64();

    private readonly List<char[]> _pages = [];
    private readonly CancellationToken _cancellationToken;
    private int _page = -1;
    private int _pageUsed;
    private Entry[] _entries = new Entry[1 << 10];
    private ulong[] _slots = new ulong[1 << 11];
    private int _addsUntilCheck = AddsPerCheck;

    /// <param name="cancellationToken">Ends <see cref="Add(ReadOnlySpan{char}, long)"/> with an exception, so that the splitting of one huge text can be stopped too.</param>
    public WordCounts(CancellationToken cancellationToken = default) => _cancellationToken = cancellationToken;

    /// <summary>Number of distinct words.</summary>
    public int Count { get; private set; }

    /// <summary>UTF-16 units of the distinct words together.</summary>
    public long Length { get; private set; }

    /// <summary>The word with a number below <see cref="Count"/>.</summary>
    public ReadOnlySpan<char> this[int index]
    {
        get
        {
            ref var entry = ref _entries[index];
            return _pages[entry.Page].AsSpan(entry.Start, entry.Length);
        }
    }

    /// <summary>How often the word with that number occurs.</summary>
    public long CountOf(int index) => _entries[index].Count;

    /// <summary>One more occurrence of a word.</summary>
    public void Add(ReadOnlySpan<char> word) => Add(word, 1);

    /// <summary>More occurrences of a word. Empty words don't count.</summary>
    public void Add(ReadOnlySpan<char> word, long count)
    {
        if (--_addsUntilCheck == 0)
        {
            _addsUntilCheck = AddsPerCheck;
            _cancellationToken.ThrowIfCancellationRequested();
        }
        if (word.IsEmpty)
            return;
        var hash = HashOf(word);
        var mask = _slots.Length - 1;
        for (var slot = (int)hash & mask; ; slot = (slot + 1) & mask)
        {
            var found = _slots[slot];
            if (found == 0)
            {
                _slots[slot] = ((ulong)hash << 32) | (uint)(Count + 1);
                Append(word, hash, count);
                return;
            }
            if ((uint)(found >> 32) == hash)
            {
                ref var entry = ref _entries[(int)(uint)found - 1];
                if (entry.Length == word.Length && _pages[entry.Page].AsSpan(entry.Start, entry.Length).SequenceEqual(word))
                {
                    entry.Count += count;
                    return;
                }
            }
        }
    }

    /// <summary>All words of another table.</summary>
    public void Add(WordCounts other)
    {
        for (var i = 0; i < other.Count; i++)
            Add(other[i], other._entries[i].Count);
    }

    /// <summary>Keeps the most frequent words, of equally frequent ones those that came first.</summary>
    /// <returns>How many words were dropped, and how many occurrences they had.</returns>
    public (int Words, long Occurrences) Prune(int keep)
    {
        if (Count <= keep)
            return default;
        var counts = new long[Count];
        for (var i = 0; i < Count; i++)
            counts[i] = _entries[i].Count;
        Array.Sort(counts);
        var threshold = counts[^keep];
        var room = keep - (counts.Length - FirstAbove(counts, threshold));
        var kept = new WordCounts(_cancellationToken);
        long occurrences = 0;
        for (var i = 0; i < Count; i++)
        {
            var count = _entries[i].Count;
            if (count > threshold || (count == threshold && room-- > 0))
                kept.Add(this[i], count);
            else
                occurrences += count;
        }
        var dropped = Count - kept.Count;
        _pages.Clear();
        _pages.AddRange(kept._pages);
        (_page, _pageUsed, _entries, _slots, Count, Length) = (kept._page, kept._pageUsed, kept._entries, kept._slots, kept.Count, kept.Length);
        return (dropped, occurrences);
    }

    /// <summary>Forgets all words and keeps the memory.</summary>
    public void Clear()
    {
        Array.Clear(_slots);
        if (_page >= 0)
        {
            // Pages of single huge words go.
            if (_pages.RemoveAll(page => page.Length > PageLength) > 0 && _pages.Count == 0)
                _page = -1;
            else
                _page = 0;
        }
        (_pageUsed, Count, Length) = (0, 0, 0);
    }

    /// <summary>The words' numbers in the order of their code points.</summary>
    public int[] Sorted(CancellationToken cancellationToken)
    {
        var order = new int[Count];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        var comparisons = 0;
        try
        {
            order.AsSpan().Sort((a, b) =>
            {
                if ((++comparisons & 0xFFFF) == 0)
                    cancellationToken.ThrowIfCancellationRequested();
                return ScalarValues.Compare(this[a], this[b]);
            });
        }
        catch (InvalidOperationException error) when (error.InnerException is OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        return order;
    }

    private static int FirstAbove(long[] sorted, long value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] > value)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }

    private void Append(ReadOnlySpan<char> word, uint hash, long count)
    {
        if (_page < 0 || _pageUsed + word.Length > _pages[_page].Length)
            NextPage(word.Length);
        word.CopyTo(_pages[_page].AsSpan(_pageUsed));
        if (Count == _entries.Length)
            Array.Resize(ref _entries, GrownLength(_entries.Length));
        _entries[Count++] = new Entry { Count = count, Page = _page, Start = _pageUsed, Length = word.Length, Hash = hash };
        _pageUsed += word.Length;
        Length += word.Length;
        if (Count > _slots.Length / 2)
            GrowSlots();
    }

    private void NextPage(int length)
    {
        _pageUsed = 0;
        if (length <= PageLength && _page + 1 < _pages.Count && _page >= 0)
        {
            _page++;
            return;
        }
        _pages.Insert(_page + 1, new char[Math.Max(length, PageLength)]);
        _page++;
    }

    private void GrowSlots()
    {
        Debug.Assert(int.IsPow2(_slots.Length));
        var slots = new ulong[GrownLength(_slots.Length)];
        var mask = slots.Length - 1;
        for (var i = 0; i < Count; i++)
        {
            var hash = _entries[i].Hash;
            var slot = (int)hash & mask;
            while (slots[slot] != 0)
                slot = (slot + 1) & mask;
            slots[slot] = ((ulong)hash << 32) | (uint)(i + 1);
        }
        _slots = slots;
    }

    private static int GrownLength(int length) => length < 1 << 30 ? length * 2 : throw new InvalidOperationException(
        $"A word table holds at most {1 << 29} distinct words, and the texts have more; limit the words that are held (MaximumDistinctWords) or split texts into shorter words.");

    private static uint HashOf(ReadOnlySpan<char> word)
    {
        var bytes = MemoryMarshal.AsBytes(word);
        ref var start = ref MemoryMarshal.GetReference(bytes);
        var hash = Seed ^ (ulong)bytes.Length;
        var at = 0;
        for (; at + 8 <= bytes.Length; at += 8)
            hash = Mix(hash ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at)));
        ulong rest = 0;
        if (at + 4 <= bytes.Length)
        {
            rest = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, at));
            at += 4;
        }
        if (at < bytes.Length)
            rest = (rest << 16) | Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref start, at));
        hash = Mix(hash ^ rest);
        return (uint)(hash ^ (hash >> 32));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value)
    {
        var high = Math.BigMul(value, Mixer, out var low);
        return high ^ low;
    }

    private struct Entry
    {
        public long Count;
        public int Page;
        public int Start;
        public int Length;
        public uint Hash;
    }
}
