using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Whether GPUs may multiply float32 in the shorter form TF32: a setting of the whole process, put back on disposal.</summary>
internal sealed class TensorFloat32 : IDisposable
{
    private readonly (bool Products, bool Convolutions)? _before;

    /// <param name="allowed">Null: the process's setting stays.</param>
    public TensorFloat32(bool? allowed)
    {
        if (allowed is not bool wanted) return;
        _before = (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32);
        (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (wanted, wanted);
    }

    public void Dispose()
    {
        if (_before is { } before) (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = before;
    }
}
