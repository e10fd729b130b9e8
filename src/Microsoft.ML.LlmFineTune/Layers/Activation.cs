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
        ["gelu_10"] = x => Gelu.Exact(x).clamp(-10, 10),
        ["gelu_accurate"] = x => 0.5 * x * (1 + (Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x.pow(3)))).tanh()),
        ["gelu_fast"] = x => 0.5 * x * (1 + (x * 0.7978845608 * (1 + (0.044715 * x * x))).tanh()),
        ["gelu_python"] = Gelu.Exact,
        ["hardswish"] = x => x * (x + 3).clamp(0, 6) / 6,
        ["laplace"] = x => 0.5 * (1 + ((x - 0.707107) / (0.282095 * Math.Sqrt(2))).erf()),
        ["leaky_relu"] = x => F.leaky_relu(x, 0.01),
        ["linear"] = x => x,
        ["mish"] = x => x * x.exp().log1p().tanh(),
        ["quick_gelu"] = x => x * (1.702 * x).sigmoid(),
        ["relu2"] = x => F.relu(x).square(),
        ["relu6"] = x => x.clamp(0, 6),
        ["sigmoid"] = x => x.sigmoid(),
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
            : throw new ArgumentException($"Unknown activation function '{(name.Length > 100 ? $"{name[..100]}..." : name)}'; known are {string.Join(", ", Functions.Keys)}.", nameof(name));
}
