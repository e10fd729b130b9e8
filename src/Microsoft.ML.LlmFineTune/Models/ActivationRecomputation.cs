using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Activation checkpointing of whatever stands in a module: a backbone itself, or one below a head or an adapter.</summary>
public static class ActivationRecomputation
{
    /// <summary>Sets <see cref="BackboneModel.RecomputesActivations"/> of every backbone in a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="recompute">Whether backward computes activations again.</param>
    /// <returns>What was set before; disposing puts it back.</returns>
    /// <exception cref="ArgumentException">There is no backbone to set it for; received true.</exception>
    /// <exception cref="NotSupportedException">A family cannot do it; received true.</exception>
    public static IDisposable Use(nn.Module module, bool recompute)
    {
        BackboneModel[] backbones = Backbones(Require.NotNull(module));
        Require.Argument(!recompute || backbones.Length > 0, $"Activations are computed again by a {nameof(BackboneModel)}; the {module.GetType().Name} has none. Leave RecomputeActivations false.", nameof(module));
        Earlier earlier = new([.. backbones.Select(backbone => (backbone, backbone.RecomputesActivations))]);
        foreach (BackboneModel backbone in backbones) backbone.RecomputesActivations = recompute;
        return earlier;
    }

    /// <summary>Throws what went wrong in backward when a layer of the module was computed again: exceptions cannot leave backward itself. Call it after <c>backward</c>.</summary>
    public static void ThrowIfFailed(nn.Module module)
    {
        foreach (BackboneModel backbone in Backbones(Require.NotNull(module))) backbone.Checkpoints.ThrowIfFailed();
    }

    /// <summary>Every backbone in a module.</summary>
    internal static BackboneModel[] Backbones(nn.Module module) => [.. module.modules().Prepend(module).OfType<BackboneModel>().Distinct()];

    private sealed class Earlier((BackboneModel Backbone, bool Value)[] values) : IDisposable
    {
        public void Dispose()
        {
            foreach ((BackboneModel backbone, bool value) in values) backbone.RecomputesActivations = value;
        }
    }
}
