namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The <c>loop</c> of a loop's body.</summary>
internal sealed class LoopValue : TemplateObject
{
    private static readonly string[] Attributes = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem", "cycle", "changed"];

    private readonly object? _items;
    private readonly Func<object?, string>? _recurse;
    private readonly int _depth;
    private IEnumerator<object?> _each;
    private long _index0 = -1;
    private long? _length;
    private bool _peeked;
    private bool _hasNext;
    private object? _next;
    private object? _previous;
    private TupleValue? _lastChanged;

    public LoopValue(object? items, Func<object?, string>? recurse, int depth)
    {
        (_items, _recurse, _depth) = (items, recurse, depth);
        _each = Values.Iterate(items);
    }

    public override string TypeName => "LoopContext";

    public override string QualifiedTypeName => "jinja2.runtime.LoopContext";

    public override bool IsTrue => Count() != 0;

    public override int? Length => (int)Count();

    public override bool IsCallable => true;

    public object? Current { get; private set; }

    /// <summary>Whether the loop had an item.</summary>
    public bool Any => _index0 >= 0;

    public bool MoveNext()
    {
        if (!Peek()) return false;
        _previous = Current;
        Current = _next;
        _peeked = false;
        _index0++;
        return true;
    }

    public override IEnumerator<object?> Iterate()
    {
        while (MoveNext()) yield return new TupleValue([Current, this]);
    }

    public override object? Call(RenderState state, in Arguments arguments)
    {
        if (_recurse is null) throw Raise.Type("The loop must have the 'recursive' marker to be called recursively.");
        var bound = new Signature("__call__", 1, ["iterable"], hidden: 1).Bind(arguments);
        return _recurse(bound[0]);
    }

    public override bool TryGetAttribute(string name, out object? value)
    {
        if (Array.IndexOf(Attributes, name) < 0)
        {
            value = null;
            return false;
        }
        value = name switch
        {
            "index" => _index0 + 1,
            "index0" => _index0,
            "revindex" => Count() - _index0,
            "revindex0" => Count() - _index0 - 1,
            "first" => Values.Box(_index0 == 0),
            "last" => Values.Box(!Peek()),
            "length" => Count(),
            "depth" => (long)_depth + 1,
            "depth0" => (long)_depth,
            "previtem" => _index0 == 0 ? UndefinedValue.Because("there is no previous item") : _previous,
            "nextitem" => Peek() ? _next : UndefinedValue.Because("there is no next item"),
            "cycle" => new BoundMethod(this, "cycle", static (_, self, a) => a.Count > 0 ? a.At((int)(((LoopValue)self!)._index0 % a.Count)) : throw Raise.Type("no items for cycling given")),
            _ => new BoundMethod(this, "changed", static (_, self, a) => Values.Box(((LoopValue)self!).HasChanged(a))),
        };
        return true;
    }

    public override void WriteRepr(PrintBuffer output) => output.Append($"<LoopContext {_index0 + 1}/{Count()}>");

    private bool Peek()
    {
        if (_peeked) return _hasNext;
        _hasNext = _each.MoveNext();
        _next = _hasNext ? _each.Current : null;
        // The end is not remembered, as the reference doesn't: asking again asks the iterator again, which ends again.
        _peeked = _hasNext;
        return _hasNext;
    }

    private long Count()
    {
        if (_length is { } known) return known;
        if (Values.LengthOrNull(_items) is { } length) return (_length = length).Value;
        var rest = new List<object?>();
        while (_each.MoveNext())
        {
            RenderBudget.Make(1);
            rest.Add(_each.Current);
        }
        _each = rest.GetEnumerator();
        return (_length = rest.Count + _index0 + 1 + (_peeked ? 1 : 0)).Value;
    }

    private bool HasChanged(Arguments arguments)
    {
        var value = new TupleValue(arguments.Positional);
        if (_lastChanged is not null && Comparison.Equal(_lastChanged, value)) return false;
        _lastChanged = value;
        return true;
    }
}
