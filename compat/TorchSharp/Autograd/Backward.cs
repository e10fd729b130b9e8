using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static unsafe partial class autograd
    {
        /// <summary>Adds gradients to the leaves. A graph on the processor runs in the calling thread.</summary>
        public static void backward(IList<Tensor> tensors, IList<Tensor> grad_tensors = null!, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null!)
        {
            nint[] roots = Handles.Of(tensors), gradients = Handles.Of(grad_tensors), leaves = Handles.Of(inputs);
            fixed (nint* r = roots, g = gradients, l = leaves)
                Shim.Check(Shim.llm_backward(r, roots.Length, g, gradients.Length, retain_graph ?? create_graph ? 1 : 0, create_graph ? 1 : 0, l, leaves.Length));
            GC.KeepAlive((tensors, grad_tensors, inputs));
        }
        public static void backward(Tensor tensor, IList<Tensor> grad_tensors = null!, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null!) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);
        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null!) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);

        /// <summary>The gradients themselves; a graph is kept only where retain_graph says so, whatever create_graph says.</summary>
        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor> grad_outputs = null!, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            nint[] roots = Handles.Of(outputs), leaves = Handles.Of(inputs), gradients = Handles.Of(grad_outputs), found = new nint[inputs.Count];
            fixed (nint* r = roots, l = leaves, g = gradients, f = found)
                Shim.Check(Shim.llm_gradients(r, roots.Length, l, leaves.Length, g, gradients.Length, retain_graph ? 1 : 0, create_graph ? 1 : 0, f));
            GC.KeepAlive((outputs, inputs, grad_outputs));
            var results = new List<Tensor>(found.Length);
            foreach (var handle in found) results.Add(new Tensor(handle));
            // Checked here, so that every libtorch says the same.
            var unused = allow_unused ? -1 : Array.IndexOf(found, 0);
            if (unused < 0) return results;
            foreach (var t in results) t.Dispose();
            throw new System.Runtime.InteropServices.ExternalException($"element {unused}of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if this is the desired behavior.");
        }
    }
}
