using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static int get_num_threads() => Shim.llm_threads(0);
    public static void set_num_threads(int num) => Shim.Check(Shim.llm_set_threads(0, num));
    public static int get_num_interop_threads() => Shim.llm_threads(1);
    public static void set_num_interop_threads(int num) => Shim.Check(Shim.llm_set_threads(1, num));

    public static DisposeScope NewDisposeScope() => DisposeScopeManager.OfThread.Begin();
    public static DisposeScope? CurrentDisposeScope => DisposeScopeManager.OfThread.Current;

    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}
