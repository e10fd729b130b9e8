using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What one use of a custom function keeps between forward and backward; it lives as long as the node of the graph.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object> _data = [];
            private List<Tensor> _saved = [], _dirty = [], _constant = [];
            private int _savedCount;

            internal AutogradContext() { }

            /// <summary>The native context, while forward or backward runs. A node's calls exclude each other.</summary>
            internal nint Native { get; set; }

            public bool MaterializeGrads { get; private set; } = true;

            public void save_for_backward(List<Tensor> tensors) => _saved = tensors;
            public void mark_dirty(List<Tensor> tensors) => _dirty = [.. tensors];
            public void mark_non_differentiable(List<Tensor> tensors) => _constant = [.. tensors];
            public void set_materialize_grads(bool value) => MaterializeGrads = value;
            public void save_data(string key, object value) => _data[key] = value;
            public object get_data(string key) => _data.GetValueOrDefault(key)!;

            public unsafe List<Tensor> get_saved_variables()
            {
                var handles = new nint[_savedCount];
                fixed (nint* h = handles) Shim.Check(Shim.llm_context_saved(Native, h, handles.Length));
                var tensors = new List<Tensor>(handles.Length);
                foreach (var handle in handles) tensors.Add(handle == 0 ? null! : new Tensor(handle));
                return tensors;
            }

            /// <summary>Hands what forward has asked for to the native context, and lets the tensors go.</summary>
            internal unsafe void Commit()
            {
                nint[] saved = Handles.OfMaybe(_saved!), dirty = Handles.Of(_dirty), constant = Handles.Of(_constant);
                fixed (nint* s = saved, d = dirty, c = constant)
                    Shim.llm_context_set(Native, s, saved.Length, d, dirty.Length, c, constant.Length, MaterializeGrads ? 1 : 0);
                GC.KeepAlive((_saved, _dirty, _constant));
                _savedCount = saved.Length;
                _saved = _dirty = _constant = [];
            }

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            // Tensors belong to the node, which frees them with itself.
            protected virtual void Dispose(bool disposing) => _data.Clear();
        }
    }
}
