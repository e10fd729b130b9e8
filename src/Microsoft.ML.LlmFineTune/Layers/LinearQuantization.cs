using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Changes how the linear layers inside a module keep their matrices.</summary>
internal static class LinearQuantization
{
    /// <summary>The linear layers of a module, by the names under which they are registered.</summary>
    public static IEnumerable<(string Name, Linear Layer)> LayersOf(nn.Module module)
    {
        foreach ((string name, nn.Module part) in Require.NotNull(module).named_modules())
        {
            if (part is Linear layer) yield return (name, layer);
        }
    }

    /// <summary>Gives the layers of a like module quantised matrices where those of a module are; the numbers are not copied.</summary>
    public static void CopyTo(nn.Module module, nn.Module like)
    {
        Dictionary<string, Linear> others = LayersOf(like).ToDictionary(entry => entry.Name, entry => entry.Layer, StringComparer.Ordinal);
        foreach ((string name, Linear layer) in LayersOf(module))
        {
            if (layer.Quantized is not Nf4Weight matrix || others[name].Quantized is not null) continue;
            Nf4Weight empty = new(matrix.Rows, matrix.Columns, matrix.IsDouble, matrix.Type);
            empty.to(layer.Weight.device);
            others[name].Quantize(empty);
        }
    }
}
