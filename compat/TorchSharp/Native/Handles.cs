using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>Lists of tensors as lists of handles; the caller keeps the tensors alive.</summary>
internal static class Handles
{
    internal static nint[] Of(IList<Tensor>? tensors)
    {
        if (tensors is null) return [];
        var handles = new nint[tensors.Count];
        for (var i = 0; i < handles.Length; i++) handles[i] = tensors[i].Handle;
        return handles;
    }

    /// <summary>As <see cref="Of"/>, with 0 for tensors that are null or empty.</summary>
    internal static nint[] OfMaybe(IList<Tensor?>? tensors)
    {
        if (tensors is null) return [];
        var handles = new nint[tensors.Count];
        for (var i = 0; i < handles.Length; i++) handles[i] = tensors[i]?.RawHandle ?? 0;
        return handles;
    }

    /// <summary>An array that an operator's list argument can hold.</summary>
    internal static Tensor[] Array(IEnumerable<Tensor> tensors) => tensors as Tensor[] ?? tensors.ToArray();
}
