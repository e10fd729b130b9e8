namespace TorchSharp;

/// <summary>What a dispose scope manages: tensors and packed sequences.</summary>
internal interface IScoped : IDisposable
{
    DisposeScope? OwningDisposeScope { get; set; }
    /// <summary>The counts of its kind.</summary>
    LifetimeStatistics CountsOf(ThreadDisposeScopeStatistics statistics);
}
