namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A place for a variable in the frame of a function.</summary>
internal sealed record Slot(FunctionScope Function, int Index);

/// <summary>What has a frame of its own: the template, a macro, a caller, a recursive loop, the filter of a loop, a block.</summary>
internal sealed class FunctionScope(FunctionScope? outer)
{
    public int Depth { get; } = outer is null ? 0 : outer.Depth + 1;

    /// <summary>Number of variables.</summary>
    public int Size { get; private set; }

    public Slot NewSlot() => new(this, Size++);
}

/// <summary>What a variable holds when its scope is entered.</summary>
internal enum Load
{
    /// <summary>What the one who enters puts there.</summary>
    Parameter,

    /// <summary>The variable of that name of the rendering.</summary>
    Resolve,

    /// <summary>What the variable of that name has in the scope around.</summary>
    Alias,

    /// <summary>Nothing.</summary>
    Missing,
}

/// <summary>
/// The variables of a part of a template. Jinja's rules, which differ from Python's: a loop, <c>with</c>, macro and so on has variables of its own, that start as those around; <c>if</c> has not. A name that is only read is looked up once, when the outermost
/// scope that reads it is entered.
/// </summary>
internal sealed class Scope
{
    private readonly Scope? _outer;
    private readonly Dictionary<string, Slot> _own;
    private readonly Dictionary<string, Slot> _references;
    private readonly Dictionary<Slot, (Load Load, string? Name, Slot? From)> _loads;
    private readonly HashSet<string> _stores;

    public Scope(Scope? outer, FunctionScope function)
    {
        (_outer, Function) = (outer, function);
        (_own, _references, _loads, _stores) = (new(StringComparer.Ordinal), new(StringComparer.Ordinal), [], new(StringComparer.Ordinal));
    }

    private Scope(Scope other)
    {
        (_outer, Function, _own) = (other._outer, other.Function, other._own);
        (_references, _loads, _stores) = (new(other._references, StringComparer.Ordinal), new(other._loads), new(other._stores, StringComparer.Ordinal));
    }

    public FunctionScope Function { get; }

    /// <summary>The names set here and in the scopes around, innermost first.</summary>
    public IEnumerable<(string Name, Slot Slot)> Stored()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var scope = this; scope is not null; scope = scope._outer)
        {
            foreach (var name in scope._stores)
            {
                if (seen.Add(name)) yield return (name, Find(name)!);
            }
        }
    }

    public Slot? Find(string name) => _references.TryGetValue(name, out var slot) ? slot : _outer?.Find(name);

    public void DeclareLoad(string name)
    {
        if (Find(name) is null) Define(name, Load.Resolve);
    }

    public void DeclareStore(string name)
    {
        _stores.Add(name);
        if (_references.ContainsKey(name)) return;
        if (_outer?.Find(name) is { } outer) Define(name, Load.Alias, outer);
        else Define(name, Load.Missing);
    }

    public Slot DeclareParameter(string name)
    {
        _stores.Add(name);
        return Define(name, Load.Parameter);
    }

    /// <summary>A copy for a branch that is taken or not.</summary>
    public Scope Branch() => new(this);

    /// <summary>Takes over what branches declared: what one of them sets starts as what it was before.</summary>
    public void Merge(params ReadOnlySpan<Scope> branches)
    {
        var stores = new HashSet<string>(StringComparer.Ordinal);
        foreach (var branch in branches) stores.UnionWith(branch._stores);
        stores.ExceptWith(_stores);
        foreach (var branch in branches)
        {
            foreach (var (name, slot) in branch._references) _references[name] = slot;
            foreach (var (slot, load) in branch._loads) _loads[slot] = load;
            _stores.UnionWith(branch._stores);
        }
        foreach (var name in stores) _loads[Find(name)!] = _outer?.Find(name) is { } outer ? (Load.Alias, null, outer) : (Load.Resolve, name, null);
    }

    public ScopeEntry Entry() => new(this, [.. _loads.Select(pair => new ScopeLoad(pair.Key.Index, pair.Value.Load, pair.Value.Name, pair.Value.From is { } from ? new Variable(from, Function) : default))]);

    private Slot Define(string name, Load load, Slot? from = null)
    {
        if (!_own.TryGetValue(name, out var slot)) _own[name] = slot = Function.NewSlot();
        _references[name] = slot;
        _loads[slot] = (load, name, from);
        return slot;
    }
}

/// <summary>One variable's start.</summary>
internal readonly record struct ScopeLoad(int Index, Load Load, string? Name, Variable From);

/// <summary>Where a variable stands, seen from a function: so many frames out, at an index.</summary>
internal readonly record struct Variable
{
    public Variable(Slot slot, FunctionScope from) => (Hops, Index) = (from.Depth - slot.Function.Depth, slot.Index);

    public int Hops { get; }

    public int Index { get; }

    public object? Read(Frame frame)
    {
        for (var hops = Hops; hops > 0; hops--) frame = frame.Outer!;
        return frame.Variables[Index];
    }

    public void Write(Frame frame, object? value)
    {
        for (var hops = Hops; hops > 0; hops--) frame = frame.Outer!;
        frame.Variables[Index] = value;
    }
}

/// <summary>What is to be done when a scope is entered and left.</summary>
internal sealed class ScopeEntry(Scope scope, ScopeLoad[] loads)
{
    public static readonly ScopeEntry None = new(new Scope(null, new FunctionScope(null)), []);

    public FunctionScope Function => scope.Function;

    public void Enter(Frame frame)
    {
        foreach (var load in loads)
        {
            switch (load.Load)
            {
                case Load.Resolve: frame.Variables[load.Index] = frame.State.Resolve(load.Name!); break;
                case Load.Alias: frame.Variables[load.Index] = load.From.Read(frame); break;
                case Load.Missing: frame.Variables[load.Index] = Frame.Missing; break;
            }
        }
    }

    public void Leave(Frame frame)
    {
        foreach (var load in loads) frame.Variables[load.Index] = Frame.Missing;
    }
}
