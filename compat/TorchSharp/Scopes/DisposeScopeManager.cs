namespace TorchSharp;

/// <summary>The dispose scopes of a thread.</summary>
public class DisposeScopeManager
{
    [ThreadStatic] private static DisposeScopeManager? _ofThread;
    internal static DisposeScopeManager OfThread => _ofThread ??= new DisposeScopeManager();

    internal readonly ThreadDisposeScopeStatistics Counts = new();
    internal DisposeScope? Current { get; private set; }

    public static ThreadDisposeScopeStatistics Statistics => OfThread.Counts;

    internal DisposeScope Begin() => Current = new DisposeScope(this, Current);

    /// <summary>
    /// Runs operators that stand for a single one: what they make in between ends with them, and only the results count.
    /// </summary>
    internal static torch.Tensor Composed(Func<torch.Tensor> body) => Composed(() => new[] { body() })[0];
    internal static torch.Tensor[] Composed(Func<torch.Tensor[]> body)
    {
        var manager = OfThread;
        nint[] results;
        using (manager.Current = new DisposeScope(manager, manager.Current) { Uncounted = true }) results = Array.ConvertAll(body(), t => t.TakeHandle());
        return Array.ConvertAll(results, handle => new torch.Tensor(handle));
    }

    /// <summary>Puts something new into the current scope, if there is one.</summary>
    internal void Register(IScoped item, LifetimeStatistics counts)
    {
        if (Current is { } scope)
        {
            if (!scope.Uncounted) counts.CreatedInScopeCount++;
            scope.Members.Add(item);
            item.OwningDisposeScope = scope;
        }
        else
        {
            counts.CreatedOutsideScopeCount++;
        }
    }

    /// <summary>Takes something that is being disposed out of its scope.</summary>
    internal void Unregister(IScoped item, LifetimeStatistics counts)
    {
        if (item.OwningDisposeScope is { } scope)
        {
            if (!scope.Uncounted) counts.DisposedInScopeCount++;
            scope.MarkAsDisposed(item);
        }
        else
        {
            counts.DisposedOutsideScopeCount++;
        }
    }

    /// <summary>Scopes may end in any order: one that is not the innermost leaves the chain.</summary>
    internal void End(DisposeScope scope)
    {
        if (ReferenceEquals(Current, scope))
        {
            Current = scope.Outer;
            return;
        }
        for (var inner = Current; inner is not null; inner = inner.Outer)
        {
            if (!ReferenceEquals(inner.Outer, scope)) continue;
            inner.Outer = scope.Outer;
            return;
        }
    }
}
