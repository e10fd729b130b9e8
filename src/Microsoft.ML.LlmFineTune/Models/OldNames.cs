namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Names that the oldest checkpoints give their tensors.</summary>
internal static class OldNames
{
    /// <summary>TensorFlow calls the weight and the bias of a layer norm gamma and beta; converted checkpoints kept that for a while.</summary>
    /// <param name="file">The tensor's name in the checkpoint.</param>
    public static string Modern(string file)
    {
        if (file.EndsWith("LayerNorm.gamma", StringComparison.Ordinal)) return $"{file[..^"gamma".Length]}weight";
        return file.EndsWith("LayerNorm.beta", StringComparison.Ordinal) ? $"{file[..^"beta".Length]}bias" : file;
    }
}
