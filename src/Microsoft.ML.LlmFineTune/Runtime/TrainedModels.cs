using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>The models that are being trained, with all their parts. Whoever would change what a model is made of asks here first. They are held weakly, so that none is kept alive.</summary>
internal static class TrainedModels
{
    private static readonly ConditionalWeakTable<nn.Module, nn.Module> s_modules = new();

    /// <summary>Notes that a model is being trained, until disposal.</summary>
    /// <exception cref="InvalidOperationException">It is already, or a part of it is.</exception>
    public static IDisposable Add(nn.Module model)
    {
        lock (s_modules)
        {
            Require.State(!Contains(model), "The model is being trained already, by another thread or by the one that an observer is called from. One training at a time can change a model: wait for its end, or train a copy.");
            nn.Module[] parts = Parts(model);
            foreach (nn.Module part in parts) s_modules.Add(part, part);
            return new Released(parts);
        }
    }

    /// <summary>Demands that neither a model nor a part of it is being trained.</summary>
    /// <param name="model">The model.</param>
    /// <param name="what">What would be done to it, as the beginning of a sentence.</param>
    /// <exception cref="InvalidOperationException">It is.</exception>
    public static void RequireFree(nn.Module model, string what) => Require.State(!Contains(model),
        $"{what} changes what training has taken hold of, and this model is being trained (observers are told in the middle of it). Wait for the end of training, or do it to another instance of the model.");

    private static bool Contains(nn.Module model) => Parts(model).Any(part => s_modules.TryGetValue(part, out _));

    private static nn.Module[] Parts(nn.Module model) => [.. model.modules().Prepend(model).Distinct()];

    private sealed class Released(nn.Module[] parts) : IDisposable
    {
        public void Dispose()
        {
            foreach (nn.Module part in parts) s_modules.Remove(part);
        }
    }
}
