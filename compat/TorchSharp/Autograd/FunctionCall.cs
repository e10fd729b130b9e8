using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp.Native;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace TorchSharp;

/// <summary>
/// One use of a custom function: the managed state of a node in the graph. The node holds it by a handle and frees that with itself.
/// Callbacks catch everything; an exception of backward arrives at the caller of backward, as any native error does.
/// </summary>
internal sealed unsafe class FunctionCall
{
    private static readonly bool Registered = Register();

    private readonly string _name;
    private readonly bool[] _isTensor;
    private readonly Func<AutogradContext, List<Tensor>, List<Tensor>> _backward;
    private readonly AutogradContext _context = new();
    // Needed once: what forward gets must not live as long as the graph.
    private Func<AutogradContext, object[], List<Tensor>>? _forward;
    private object[]? _vars;
    private ExceptionDispatchInfo? _failure;
    private byte[]? _failureText;

    private FunctionCall(string name, object[] vars, Func<AutogradContext, object[], List<Tensor>> forward, Func<AutogradContext, List<Tensor>, List<Tensor>> backward)
    {
        (_name, _vars, _forward, _backward) = (name, vars, forward, backward);
        _isTensor = Array.ConvertAll(vars, v => v is Tensor { IsInvalid: false });
    }

    internal static List<Tensor> Apply(string name, object[] vars, Func<AutogradContext, object[], List<Tensor>> forward, Func<AutogradContext, List<Tensor>, List<Tensor>> backward)
    {
        if (!Registered) throw new InvalidOperationException("The callbacks of custom functions are not registered.");
        var call = new FunctionCall(name, vars, forward, backward);
        var inputs = new List<nint>(vars.Length);
        for (var i = 0; i < vars.Length; i++)
            if (call._isTensor[i]) inputs.Add(((Tensor)vars[i]).Handle);

        nint list;
        fixed (nint* handles = CollectionsMarshal.AsSpan(inputs)) list = Shim.llm_apply(handles, inputs.Count, GCHandle.ToIntPtr(GCHandle.Alloc(call)));
        GC.KeepAlive(vars);
        if (list == 0)
        {
            call._failure?.Throw();
            throw Shim.Failure();
        }
        var outputs = new nint[Shim.llm_count(list)];
        fixed (nint* handles = outputs) Shim.llm_take(list, handles);
        var tensors = new List<Tensor>(outputs.Length);
        foreach (var handle in outputs) tensors.Add(new Tensor(handle));
        return tensors;
    }

    private void RunForward(nint outputs)
    {
        var results = _forward!(_context, _vars!);
        (_forward, _vars) = (null, null);
        _context.Commit();
        foreach (var t in results) Add(outputs, t);
    }

    private void RunBackward(nint* gradients, int count, nint outputs)
    {
        var incoming = new List<Tensor>(count);
        for (var i = 0; i < count; i++) incoming.Add(new Tensor(gradients[i]));
        var results = _backward(_context, incoming);

        var surplus = results.Count > _isTensor.Length && results.Skip(_isTensor.Length).All(t => t is null || t.IsInvalid);
        if (results.Count != _isTensor.Length && !surplus)
            throw new NotSupportedException($"Function {_name} returned an incorrect number of gradients (expected {_isTensor.Length}), got {results.Count}");
        for (var i = 0; i < _isTensor.Length; i++)
        {
            if (_isTensor[i]) Add(outputs, results[i]);
            else if (results[i] is { IsInvalid: false })
                throw new NotSupportedException($"Function {_name} returned a gradient different that is defined at position {i + 1}, but the corresponding forward input was not a Tensor");
        }
    }

    private static void Add(nint list, Tensor? t)
    {
        Shim.llm_add(list, t?.RawHandle ?? 0);
        GC.KeepAlive(t);
    }

    // ---- what the shim calls

    [StructLayout(LayoutKind.Sequential)]
    private struct Callbacks
    {
        internal delegate* unmanaged<nint, nint, nint, int> Forward;
        internal delegate* unmanaged<nint, nint, nint*, int, nint, int> Backward;
        internal delegate* unmanaged<nint, nint> Failure;
        internal delegate* unmanaged<nint, void> Release;
    }

    private static bool Register()
    {
        var table = new Callbacks { Forward = &OnForward, Backward = &OnBackward, Failure = &OnFailure, Release = &OnRelease };
        Shim.llm_set_callbacks(&table);
        return true;
    }

    private static FunctionCall Of(nint state) => Unsafe.As<FunctionCall>(GCHandle.FromIntPtr(state).Target!);

    [UnmanagedCallersOnly]
    private static int OnForward(nint state, nint context, nint outputs)
    {
        var call = Of(state);
        call._context.Native = context;
        try { call.RunForward(outputs); }
        catch (Exception e) { return call.Fail(e); }
        finally { call._context.Native = 0; }
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int OnBackward(nint state, nint context, nint* gradients, int count, nint outputs)
    {
        var call = Of(state);
        call._context.Native = context;
        try { call.RunBackward(gradients, count, outputs); }
        catch (Exception e) { return call.Fail(e); }
        finally { call._context.Native = 0; }
        return 0;
    }

    private int Fail(Exception e)
    {
        _failure = ExceptionDispatchInfo.Capture(e);
        return -1;
    }

    [UnmanagedCallersOnly]
    private static nint OnFailure(nint state)
    {
        var call = Of(state);
        var text = call._failure?.SourceException.Message ?? "";
        call._failureText = GC.AllocateArray<byte>(Encoding.UTF8.GetMaxByteCount(text.Length) + 1, pinned: true);
        Encoding.UTF8.GetBytes(text, call._failureText);
        return Marshal.UnsafeAddrOfPinnedArrayElement(call._failureText, 0);
    }

    [UnmanagedCallersOnly]
    private static void OnRelease(nint state) => GCHandle.FromIntPtr(state).Free();
}
