using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A handle of a libtorch tensor. It belongs to the dispose scope in which it was made, if any; the finalizer frees what nobody disposed.</summary>
    public partial class Tensor : IScoped
    {
        private nint _handle;

        internal Tensor(nint handle)
        {
            _handle = handle;
            var manager = DisposeScopeManager.OfThread;
            manager.Register(this, manager.Counts.TensorStatistics);
        }

        /// <summary>Takes the handle of another tensor, which is empty afterwards, and its place in its scope. Not a new tensor for the statistics.</summary>
        private protected Tensor(Tensor other)
        {
            _handle = Interlocked.Exchange(ref other._handle, 0);
            DisposeScope.Replace(other, this);
        }

        /// <summary>Lets go of the handle, for another tensor to take; this one is empty afterwards and leaves its scope.</summary>
        internal nint TakeHandle()
        {
            _scope?.MarkAsDisposed(this);
            return Interlocked.Exchange(ref _handle, 0);
        }

        ~Tensor() => Dispose(false);

        public nint Handle => _handle != 0 ? _handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");
        internal nint RawHandle => _handle;
        public bool IsInvalid => _handle == 0;
        public string? name { get; set; }

        private DisposeScope? _scope;
        internal void SetScope(DisposeScope? scope) => _scope = scope;
        DisposeScope? IScoped.OwningDisposeScope { get => _scope; set => _scope = value; }
        LifetimeStatistics IScoped.CountsOf(ThreadDisposeScopeStatistics statistics) => statistics.TensorStatistics;

        public Tensor MoveToOuterDisposeScope()
        {
            _scope?.MoveToOuter(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other._scope);
        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (_scope is null) other?.Attach(this);
            else _scope.MoveToOther(other, this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            _scope?.Detach(this);
            return this;
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle == 0) return;
            var manager = DisposeScopeManager.OfThread;
            manager.Unregister(this, manager.Counts.TensorStatistics);
            Shim.llm_release(handle);
        }

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);
        public bool Equals(Tensor target) => target is not null && Ops.Equal.CallBool(this, target);
        public override int GetHashCode() => base.GetHashCode();
    }
}
