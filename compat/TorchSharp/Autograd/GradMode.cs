using TorchSharp.Native;

namespace TorchSharp;

/// <summary>Whether operators of this thread are recorded for gradients; the mode before comes back at the end.</summary>
internal sealed class GradMode : IDisposable
{
    private readonly int _before = Shim.llm_grad_enabled();
    internal GradMode(bool enabled) => Shim.llm_set_grad_enabled(enabled ? 1 : 0);
    public void Dispose() => Shim.llm_set_grad_enabled(_before);
}

internal sealed class InferenceMode(bool enabled) : IDisposable
{
    private nint _guard = Shim.llm_inference_begin(enabled ? 1 : 0);
    // No finalizer: the guard belongs to the thread that made it.
    public void Dispose()
    {
        var guard = Interlocked.Exchange(ref _guard, 0);
        if (guard != 0) Shim.llm_inference_end(guard);
    }
}

/// <summary>Finds out where in a backward pass something went wrong; the mode before comes back at the end.</summary>
public class AnomalyMode : IDisposable
{
    private const int On = 1, Nan = 2;
    private readonly int _before = Shim.llm_anomaly();

    public AnomalyMode(bool enabled, bool check_nan = true) => Shim.llm_set_anomaly(enabled ? 1 : 0, check_nan ? 1 : 0);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }
    protected virtual void Dispose(bool disposing)
    {
        if (disposing) Shim.llm_set_anomaly(_before & On, _before & Nan);
    }
}

public static partial class torch
{
    public static IDisposable no_grad() => new GradMode(false);
    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);
    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);
    public static bool is_grad_enabled() => Shim.llm_grad_enabled() != 0;
    public static bool is_inference_mode_enabled() => Shim.llm_inference_enabled() != 0;

    public static partial class autograd
    {
        public static AnomalyMode detect_anomaly(bool check_nan = true) => new(true, check_nan);
        public static AnomalyMode set_detect_anomaly(bool mode, bool check_nan = true) => new(mode, check_nan);
    }
}
