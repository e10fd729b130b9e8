using Microsoft.ML.LlmFineTune.Kernels;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Activation functions by the names that Hugging Face's configurations use.</summary>
public static class Activation
{
    private static readonly SortedDictionary<string, Func<Tensor, Tensor>> Functions = new(StringComparer.Ordinal)
    {
        ["gelu"] = Gelu.Exact,
        ["gelu_new"] = Gelu.Tanh,
        ["gelu_pytorch_tanh"] = Gelu.Tanh,
        ["relu"] = x => F.relu(x),
        ["silu"] = x => F.silu(x),
        ["swish"] = x => F.silu(x),
        ["tanh"] = x => x.tanh(),
    };

    /// <summary>The names that <see cref="ByName"/> knows.</summary>
    public static IReadOnlyCollection<string> Names => Functions.Keys;

    /// <summary>The function of a name; it keeps the shape.</summary>
    /// <exception cref="ArgumentException">The name is not known.</exception>
    public static Func<Tensor, Tensor> ByName(string name) =>
        Functions.TryGetValue(name, out Func<Tensor, Tensor>? function) ? function
            : throw new ArgumentException($"Unknown activation function '{name}'; known are {string.Join(", ", Functions.Keys)}.", nameof(name));
}
