using System.Collections;
using System.Diagnostics.CodeAnalysis;

// Keys are not null, though the constraint does not say so.
#pragma warning disable CS8714

namespace TorchSharp.Utils;

/// <summary>A dictionary that lists its entries in the order in which they were added.</summary>
public class OrderedDict<TKey, TValue> : IDictionary<TKey, TValue>, IList<(TKey, TValue)>
{
    private readonly List<(TKey, TValue)> _entries = [];
    private readonly Dictionary<TKey, TValue> _values = [];

    public int Count => _entries.Count;
    public bool IsReadOnly => false;
    public ICollection<TKey> Keys => _entries.ConvertAll(e => e.Item1);
    public ICollection<TValue> Values => _entries.ConvertAll(e => e.Item2);
    public IEnumerable<TKey> keys() => Keys;
    public IEnumerable<TValue> values() => Values;
    public IEnumerator<(TKey, TValue)> items() => GetEnumerator();

    public TValue this[TKey key]
    {
        get => _values[key];
        set
        {
            var at = At(key);
            if (at < 0) _entries.Add((key, value));
            else _entries[at] = (key, value);
            _values[key] = value;
        }
    }
    public (TKey, TValue) this[int index]
    {
        get => _entries[index];
        set
        {
            _entries[index] = value;
            _values[value.Item1] = value.Item2;
        }
    }

    public void Add(TKey key, TValue value)
    {
        _values.Add(key, value);
        _entries.Add((key, value));
    }
    public void Add((TKey, TValue) item) => Add(item.Item1, item.Item2);
    public void Add(KeyValuePair<TKey, TValue> item) => Add(item.Key, item.Value);
    public void Insert(int index, (TKey, TValue) item)
    {
        _values.Add(item.Item1, item.Item2);
        _entries.Insert(index, item);
    }

    public bool ContainsKey(TKey key) => _values.ContainsKey(key);
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value) => _values.TryGetValue(key, out value);
    public bool Contains((TKey, TValue) item) => _entries.Contains(item);
    public bool Contains(KeyValuePair<TKey, TValue> item) => ContainsKey(item.Key);
    public int IndexOf((TKey, TValue) item) => _entries.IndexOf(item);

    public bool Remove(TKey key)
    {
        var at = At(key);
        if (at < 0) throw new KeyNotFoundException($"The given key '{key}' was not present in the dictionary.");
        RemoveAt(at);
        return true;
    }
    public bool Remove((TKey, TValue) item) => Remove(item.Item1);
    public bool Remove(KeyValuePair<TKey, TValue> item) => Remove(item.Key);
    public void RemoveAt(int index)
    {
        _values.Remove(_entries[index].Item1);
        _entries.RemoveAt(index);
    }
    public void Clear()
    {
        _values.Clear();
        _entries.Clear();
    }
    public void clear() => Clear();

    public void CopyTo((TKey, TValue)[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);
    public void CopyTo(KeyValuePair<TKey, TValue>[] array, int arrayIndex) => throw new NotSupportedException();

    public IEnumerator<(TKey, TValue)> GetEnumerator() => _entries.GetEnumerator();
    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator() => _values.GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int At(TKey key) => _entries.FindIndex(e => EqualityComparer<TKey>.Default.Equals(e.Item1, key));
}
