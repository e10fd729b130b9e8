namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Numbers tokens in the order of their first appearance, so that equal tokens are equal numbers. Nothing is allocated once it has grown.</summary>
internal sealed class TokenTable
{
    private readonly CodePoints _texts = new();
    private int[] _slots = new int[256];
    private Entry[] _entries = new Entry[128];

    public int Count { get; private set; }

    /// <summary>The characters of a token.</summary>
    public ReadOnlySpan<int> this[int token] => _texts.Span.Slice(_entries[token].Start, _entries[token].Length);

    /// <summary>Forgets all tokens.</summary>
    public void Clear()
    {
        Array.Clear(_slots);
        // A table that one very long text made large would make each of the short ones after it slow.
        if (_slots.Length > 1024 && Count < _slots.Length / 16) _slots = new int[_slots.Length / 4];
        _texts.Clear();
        Count = 0;
    }

    /// <summary>The number of a token, which is added where it is new.</summary>
    public int Add(ReadOnlySpan<int> token)
    {
        uint hash = Hash(token);
        int at = Find(token, hash);
        if (_slots[at] > 0) return _slots[at] - 1;
        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        _entries[Count] = new Entry(hash, _texts.Length, token.Length);
        _texts.Append(token);
        _slots[at] = ++Count;
        if (Count * 2 > _slots.Length) Grow();
        return Count - 1;
    }

    private int Find(ReadOnlySpan<int> token, uint hash)
    {
        int mask = _slots.Length - 1;
        for (int at = (int)(hash & (uint)mask); ; at = (at + 1) & mask)
        {
            if (_slots[at] == 0) return at;
            ref readonly Entry entry = ref _entries[_slots[at] - 1];
            if (entry.Hash == hash && entry.Length == token.Length && _texts.Span.Slice(entry.Start, entry.Length).SequenceEqual(token)) return at;
        }
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        int mask = _slots.Length - 1;
        for (int i = 0; i < Count; i++)
        {
            int at = (int)(_entries[i].Hash & (uint)mask);
            while (_slots[at] > 0) at = (at + 1) & mask;
            _slots[at] = i + 1;
        }
    }

    private static uint Hash(ReadOnlySpan<int> token)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (int c in token) hash = (hash ^ (uint)c) * 0x9E3779B97F4A7C15;
        return (uint)(hash >> 32);
    }

    private readonly record struct Entry(uint Hash, int Start, int Length);
}
