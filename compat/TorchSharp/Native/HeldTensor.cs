using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>
/// A tensor that a module of libtorch's own kind (embedding, recurrent) holds beside the object that it registers as a parameter:
/// no dispose scope reaches it, and no statistics count it.
/// </summary>
internal sealed class HeldTensor
{
    private readonly nint _handle;

    /// <summary>Holds another reference of the tensor.</summary>
    internal HeldTensor(Tensor t) => _handle = Shim.llm_share(t.Handle);
    ~HeldTensor() => Shim.llm_release(_handle);

    /// <summary>A new reference, for a wrapper to own.</summary>
    internal nint Share()
    {
        var handle = Shim.llm_share(_handle);
        GC.KeepAlive(this);
        return handle;
    }

    /// <summary>Converts the tensor itself: whoever else holds it sees that too.</summary>
    internal void Convert(ScalarType? dtype, Device? device) => DisposeScopeManager.Composed(() =>
    {
        using var still = no_grad();
        var t = new Tensor(Share());
        Ops.SetData.Do(t, t.to(dtype ?? t.dtype, device ?? t.device));
        return Array.Empty<Tensor>();
    });

    /// <summary>Makes a tensor that only this object holds.</summary>
    internal static HeldTensor Make(Func<Tensor> body)
    {
        HeldTensor held = null!;
        DisposeScopeManager.Composed(() =>
        {
            using var still = no_grad();
            held = new HeldTensor(body().requires_grad_());
            return Array.Empty<Tensor>();
        });
        return held;
    }
}
