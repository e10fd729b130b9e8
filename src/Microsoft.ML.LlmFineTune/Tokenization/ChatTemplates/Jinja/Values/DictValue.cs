using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A dict: keys in the order in which they came. It is filled by its maker and not changed after that.</summary>
internal sealed class DictValue(int capacity = 4) : TemplateObject
{
    // Most dicts of a conversation have a handful of keys, which are found quicker one by one.
    private const int Indexed = 8;

    private object?[] _keys = new object?[capacity];
    private object?[] _values = new object?[capacity];
    private Dictionary<object, int>? _index;

    public override string TypeName => "dict";

    public int Count { get; private set; }

    public override int? Length => Count;

    public ReadOnlySpan<object?> Keys => _keys.AsSpan(0, Count);

    public ReadOnlySpan<object?> Items => _values.AsSpan(0, Count);

    public override IEnumerator<object?> Iterate()
    {
        for (var i = 0; i < Count; i++) yield return _keys[i];
    }

    public object? this[object? key]
    {
        set
        {
            var at = Find(key);
            if (at >= 0)
            {
                _values[at] = value;
                return;
            }
            if (Count == _keys.Length)
            {
                Array.Resize(ref _keys, Math.Max(4, Count * 2));
                Array.Resize(ref _values, _keys.Length);
            }
            (_keys[Count], _values[Count]) = (key, value);
            Count++;
            if (_index is not null) _index.Add(key ?? ValueComparer.None, Count - 1);
            else if (Count > Indexed) BuildIndex();
        }
    }

    public bool TryGetValue(object? key, out object? value)
    {
        var at = Find(key);
        value = at >= 0 ? _values[at] : null;
        return at >= 0;
    }

    public bool ContainsKey(object? key) => Find(key) >= 0;

    public KeyValuePair<object?, object?> At(int position) => new(_keys[position], _values[position]);

    public DictValue Copy()
    {
        var copy = new DictValue(Count);
        for (var i = 0; i < Count; i++) copy[_keys[i]] = _values[i];
        return copy;
    }

    public override bool TryGetAttribute(string name, [MaybeNullWhen(false)] out object value) => DictMethods.Of(this, name, out value);

    public override void WriteRepr(PrintBuffer output)
    {
        RenderBudget.EnterValue();
        output.Append('{');
        for (var i = 0; i < Count; i++)
        {
            if (i > 0) output.Append(", ");
            Printing.WriteRepr(output, _keys[i]);
            output.Append(": ");
            Printing.WriteRepr(output, _values[i]);
        }
        output.Append('}');
        RenderBudget.LeaveValue();
    }

    private int Find(object? key)
    {
        if (_index is not null) return _index.TryGetValue(key ?? ValueComparer.None, out var at) ? at : -1;
        if (key is string text)
        {
            for (var i = 0; i < Count; i++)
            {
                if (_keys[i] is string other ? other == text : _keys[i] is MarkupText markup && markup.Text == text) return i;
            }
            return -1;
        }
        _ = ValueComparer.Instance.GetHashCode(key ?? ValueComparer.None);
        for (var i = 0; i < Count; i++)
        {
            if (Comparison.Equal(_keys[i], key)) return i;
        }
        return -1;
    }

    private void BuildIndex()
    {
        _index = new Dictionary<object, int>(Count * 2, ValueComparer.Instance);
        for (var i = 0; i < Count; i++) _index.Add(_keys[i] ?? ValueComparer.None, i);
    }
}
