namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Pairs of ids with their counts, numbered in the order in which they came.</summary>
internal sealed class PairCounts
{
    private ulong[] _pairs = new ulong[1 << 10];
    private int[] _slots = new int[1 << 12];
    private long[] _counts = new long[1 << 10];

    /// <summary>Number of pairs.</summary>
    public int Count { get; private set; }

    /// <summary>Both ids as one number, which orders pairs by the left and then the right id.</summary>
    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>The left and right id of a pair.</summary>
    public (int Left, int Right) this[int number] => ((int)(_pairs[number] >> 32), (int)(uint)_pairs[number]);

    /// <summary>The pair as one number.</summary>
    public ulong KeyOf(int number) => _pairs[number];

    /// <summary>The count of a pair, which may be changed.</summary>
    public ref long CountOf(int number) => ref _counts[number];

    /// <summary>The number of a pair, a new one if it wasn't there.</summary>
    public int NumberOf(int left, int right)
    {
        var key = Key(left, right);
        var mask = _slots.Length - 1;
        for (var slot = Hash(key) & mask; ; slot = (slot + 1) & mask)
        {
            var number = _slots[slot] - 1;
            if (number < 0)
                return Append(key, slot);
            if (_pairs[number] == key)
                return number;
        }
    }

    private int Append(ulong key, int slot)
    {
        if (Count == _pairs.Length)
        {
            Array.Resize(ref _pairs, Count * 2);
            Array.Resize(ref _counts, Count * 2);
        }
        _pairs[Count] = key;
        _slots[slot] = ++Count;
        if (Count > _slots.Length / 2)
            Grow();
        return Count - 1;
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        var mask = _slots.Length - 1;
        for (var number = 0; number < Count; number++)
        {
            var slot = Hash(_pairs[number]) & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = number + 1;
        }
    }

    private static int Hash(ulong key)
    {
        key *= 0x9E3779B97F4A7C15;
        return (int)((key ^ (key >> 29)) >> 31) & int.MaxValue;
    }
}
