namespace TorchSharp;

/// <summary>Collects what is made while it is the thread's current scope, and disposes what is still in it at its end.</summary>
public sealed class DisposeScope : IDisposable
{
    private DisposeScopeManager? _manager;

    internal DisposeScope(DisposeScopeManager manager, DisposeScope? outer) => (_manager, Outer) = (manager, outer);

    internal DisposeScope? Outer { get; set; }
    /// <summary>Members are the inside of one operation: statistics leave them out.</summary>
    internal bool Uncounted { get; init; }
    internal HashSet<IDisposable> Members { get; private set; } = new(ReferenceEqualityComparer.Instance);

    private DisposeScopeManager Manager => _manager ?? throw new ObjectDisposedException(typeof(DisposeScope).FullName);
    private HashSet<IDisposable> LiveMembers => _manager is null ? throw new ObjectDisposedException(typeof(DisposeScope).FullName) : Members;

    public int DisposablesCount => LiveMembers.Count;
    public IReadOnlyList<IDisposable> DisposablesView => LiveMembers.ToArray();
    public bool Contains(IDisposable disposable) => Members.Contains(disposable);

    // ---- moving

    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(Outer, disposable);
    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable => MoveToOther(Outer, first, second);
    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        MoveToOther(Outer, first, second, third);
    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(Outer, (IEnumerable<IDisposable>)disposables);
    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(Outer, disposables);

    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        MoveToOther(scope, (IEnumerable<IDisposable>)[disposable]);
        return disposable;
    }
    public (T1 first, T2 second) MoveToOther<T1, T2>(DisposeScope? scope, T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable
    {
        MoveToOther(scope, (IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }
    public (T1 first, T2 second, T3 third) MoveToOther<T1, T2, T3>(DisposeScope? scope, T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable
    {
        MoveToOther(scope, (IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }
    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) => MoveToOther(scope, (IEnumerable<IDisposable>)disposables);
    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        var members = LiveMembers;
        if (scope is null)
        {
            Detach(disposables);
            return;
        }
        foreach (var d in disposables)
            if (members.Remove(d)) Adopt(scope, d);
    }

    // ---- leaving all scopes

    public T Detach<T>(T disposable) where T : IDisposable
    {
        Detach((IEnumerable<IDisposable>)[disposable]);
        return disposable;
    }
    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable
    {
        Detach((IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }
    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable
    {
        Detach((IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }
    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);
    public void Detach(IEnumerable<IDisposable> disposables)
    {
        var manager = Manager;
        foreach (var d in disposables)
        {
            if (!Members.Remove(d) || d is not IScoped scoped) continue;
            scoped.CountsOf(manager.Counts).DetachedFromScopeCount++;
            scoped.OwningDisposeScope = null;
        }
    }

    // ---- joining

    public void Attach(IDisposable disposable) => Attach((IEnumerable<IDisposable>)[disposable]);
    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);
    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        var manager = Manager;
        var all = new List<IDisposable>();
        foreach (var d in disposables)
        {
            if (Adopt(this, d)) ((IScoped)d).CountsOf(manager.Counts).AttachedToScopeCount++;
            all.Add(d);
        }
        return all;
    }

    // ---- disposing

    public void DisposeEverything() => DisposeEverythingBut((IEnumerable<IDisposable>)[]);
    public T DisposeEverythingBut<T>(T keep) where T : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[keep]);
        return keep;
    }
    public (T1 first, T2 second) DisposeEverythingBut<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }
    public (T1 first, T2 second, T3 third) DisposeEverythingBut<T1, T2, T3>(T1 first, T2 second, T3 third) where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }
    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);
    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var all = LiveMembers;
        Members = new HashSet<IDisposable>(inKeep, ReferenceEqualityComparer.Instance);
        foreach (var d in all)
            if (!Members.Contains(d)) d.Dispose();
    }

    public void MarkAsDisposed(IDisposable disposable)
    {
        LiveMembers.Remove(disposable);
        if (disposable is IScoped scoped) scoped.OwningDisposeScope = null;
    }

    public void Dispose()
    {
        if (_manager is null) return;
        DisposeEverything();
        _manager.End(this);
        _manager = null;
    }

    /// <summary>A tensor takes the place of another in its scope.</summary>
    internal static void Replace(IScoped original, IScoped replacement)
    {
        if (original.OwningDisposeScope is not { } scope || !scope.Members.Remove(original)) return;
        original.OwningDisposeScope = null;
        Adopt(scope, replacement);
    }

    private static bool Adopt(DisposeScope scope, IDisposable disposable)
    {
        if (disposable is not IScoped scoped) throw new InvalidOperationException("DisposeScope can only manage Tensor or PackedSequence");
        var old = scoped.OwningDisposeScope;
        if (ReferenceEquals(old, scope)) return false;
        scope.Members.Add(scoped);
        old?.Members.Remove(scoped);
        scoped.OwningDisposeScope = scope;
        return true;
    }
}
