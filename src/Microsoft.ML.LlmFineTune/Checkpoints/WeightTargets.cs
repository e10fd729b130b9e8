using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>The tensors of a model that a checkpoint is to fill, by their checkpoint names.</summary>
/// <param name="missing">All of them.</param>
internal sealed class WeightTargets(Dictionary<string, Tensor> missing)
{
    private readonly Dictionary<string, Tensor> _filledByOtherName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _filledByOwnName = new(StringComparer.Ordinal);

    /// <summary>Those that nothing has filled yet.</summary>
    public Dictionary<string, Tensor> Missing { get; } = missing;

    /// <summary>Whether a tensor is one that is tied to another and stands in the checkpoint once more under a name of its own: then the first serves, but the tensor's own name serves before all.</summary>
    /// <param name="file">Its name in the checkpoint.</param>
    /// <param name="name">Its canonical name.</param>
    public bool HasAlready(string file, string name) => file != name && (_filledByOtherName.ContainsKey(name) || _filledByOwnName.Contains(name));

    /// <summary>Takes the tensor to fill; false when the model has no such tensor, or it was filled under the same name.</summary>
    public bool Take(string file, string name, [NotNullWhen(true)] out Tensor? target)
    {
        if (!Missing.Remove(name, out target) && !_filledByOtherName.Remove(name, out target)) return false;
        if (file == name) _filledByOwnName.Add(name);
        else _filledByOtherName.Add(name, target);
        return true;
    }
}
