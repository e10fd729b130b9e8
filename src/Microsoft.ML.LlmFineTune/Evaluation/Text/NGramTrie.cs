namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Numbers n-grams: the n-gram that extends another by a token is its child. 0 is the empty one. Exact: no two n-grams share a number.</summary>
internal sealed class NGramTrie
{
    private const int SmallestTable = 256;

    private int[] _slots = new int[SmallestTable];
    private ulong[] _keys = new ulong[SmallestTable / 2];
    private int _shift = 64 - 8;

    /// <summary>N-grams that were added, the empty one included; their numbers are below it.</summary>
    public int Count { get; private set; } = 1;

    /// <summary>What an n-gram extends, and by which token.</summary>
    public (int Parent, int Token) this[int nGram] => ((int)(_keys[nGram] >> 32), (int)(uint)_keys[nGram]);

    /// <summary>Forgets all n-grams.</summary>
    /// <param name="expected">N-grams that are going to be added, about.</param>
    public void Clear(int expected = 0)
    {
        int size = SmallestTable;
        while (size < Math.Min(expected, 1 << 28) * 2) size *= 2;
        if (size > _slots.Length || size < _slots.Length / 8) SetTable(size);
        else Array.Clear(_slots);
        Count = 1;
    }

    /// <summary>The n-gram that extends another by a token; 0 where there is none.</summary>
    public int Child(int parent, int token) => _slots[Find(Key(parent, token))];

    /// <summary>The n-gram that extends another by a token, which is added where it is new.</summary>
    public int AddChild(int parent, int token)
    {
        ulong key = Key(parent, token);
        int at = Find(key);
        if (_slots[at] > 0) return _slots[at];
        if (Count == _keys.Length) Array.Resize(ref _keys, Count * 2);
        _keys[Count] = key;
        _slots[at] = Count++;
        if (Count * 2 > _slots.Length) Grow();
        return Count - 1;
    }

    private static ulong Key(int parent, int token) => ((ulong)(uint)parent << 32) | (uint)token;

    private int Find(ulong key)
    {
        int[] slots = _slots;
        int mask = slots.Length - 1;
        for (int at = (int)((key * 0x9E3779B97F4A7C15) >> _shift); ; at = (at + 1) & mask)
        {
            int node = slots[at];
            if (node == 0 || _keys[node] == key) return at;
        }
    }

    private void Grow()
    {
        SetTable(_slots.Length * 2);
        for (int node = 1; node < Count; node++) _slots[Find(_keys[node])] = node;
    }

    private void SetTable(int size)
    {
        _slots = new int[size];
        _shift = 64 - System.Numerics.BitOperations.Log2((uint)size);
    }
}
