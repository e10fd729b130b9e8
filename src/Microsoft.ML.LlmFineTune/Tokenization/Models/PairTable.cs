using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A hash table from pairs of numbers to pairs of numbers, built once and then only read: open addressing, one cache line a look-up.</summary>
internal sealed class PairTable
{
    private const ulong Empty = ulong.MaxValue;

    private ulong[] _keys;
    private ulong[] _values;
    private int _count;

    public PairTable(int expected = 0) => (_keys, _values) = Create((int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(2L * expected, 16, 1 << 28)));

    /// <summary>Sets the value of a pair; its parts are not negative.</summary>
    public void Set(int left, int right, int first, int second)
    {
        if (2 * (_count + 1) > _keys.Length)
            Double();
        var key = Combine(left, right);
        var at = PlaceOf(key);
        if (_keys[at] == Empty)
            _count++;
        (_keys[at], _values[at]) = (key, Combine(first, second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(int left, int right, out int first, out int second)
    {
        var key = Combine(left, right);
        var keys = _keys;
        for (var at = Hash(key) & (keys.Length - 1); ; at = (at + 1) & (keys.Length - 1))
        {
            if (keys[at] == key)
            {
                var value = _values[at];
                (first, second) = ((int)(value >> 32), (int)value);
                return true;
            }
            if (keys[at] == Empty)
            {
                (first, second) = (0, 0);
                return false;
            }
        }
    }

    private int PlaceOf(ulong key)
    {
        var at = Hash(key) & (_keys.Length - 1);
        while (_keys[at] != Empty && _keys[at] != key)
            at = (at + 1) & (_keys.Length - 1);
        return at;
    }

    private void Double()
    {
        var (keys, values) = (_keys, _values);
        (_keys, _values) = Create(2 * keys.Length);
        for (var i = 0; i < keys.Length; i++)
        {
            if (keys[i] == Empty)
                continue;
            var at = PlaceOf(keys[i]);
            (_keys[at], _values[at]) = (keys[i], values[i]);
        }
    }

    private static (ulong[] Keys, ulong[] Values) Create(int length)
    {
        var keys = new ulong[length];
        Array.Fill(keys, Empty);
        return (keys, new ulong[length]);
    }

    private static ulong Combine(int high, int low) => (ulong)(uint)high << 32 | (uint)low;

    // Fibonacci hashing; the upper half has the well-mixed bits.
    private static int Hash(ulong key) => (int)((key * 0x9E3779B97F4A7C15UL) >> 33);
}
