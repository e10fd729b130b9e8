using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>
/// QLoRA (Dettmers et al.: "QLoRA: Efficient Finetuning of Quantized LLMs", 2023): the linear layers of a model in four bits a number, about an eighth of float32, and a LoRA beside them that is trained. The
/// layers dequantise their matrices whenever they compute, forward and backward.
/// </summary>
public static class ModelQuantization
{
    /// <summary>Quantises the linear layers of a model's backbone. Output heads, embeddings, norms and biases stay dense, as do adapters. The weights are frozen.</summary>
    /// <param name="model">A model of the library, or a single <see cref="Linear"/> layer; in the processor's memory. Adapters may be attached, but not merged.</param>
    /// <param name="doubleQuantization">Whether the scales are quantised, too: they take 0.016 bytes a number then in place of 0.063, at hardly any loss.</param>
    /// <param name="kept">Layers that stay dense, by Hugging Face's names; null: output heads alone.</param>
    /// <returns>How many layers were quantised.</returns>
    /// <exception cref="ArgumentException">A kept name is that of no module: the message lists those that the model has.</exception>
    public static int ToNf4(nn.Module model, bool doubleQuantization = true, ModuleSelection? kept = null)
    {
        TrainedModels.RequireFree(Require.NotNull(model), "Quantising");
        Require.State(ModelAdapters.Of(model)?.IsMerged != true, "An adapter is merged into the weights; call Unmerge or MergeAndRemove before quantising.");
        int count = 0;
        foreach (Linear layer in Layers(model, kept))
        {
            if (layer.Quantized is not null) continue;
            layer.Quantize(Nf4Weight.Of(layer.Weight, doubleQuantization));
            count++;
        }
        return count;
    }

    /// <summary>Makes all layers dense again, with the numbers that their four bits stand for.</summary>
    /// <param name="model">The model.</param>
    public static void ToDense(nn.Module model)
    {
        TrainedModels.RequireFree(Require.NotNull(model), "Making layers dense");
        foreach ((_, Linear layer) in LinearQuantization.LayersOf(model)) layer.Dequantize();
    }

    /// <summary>The layers that are quantised.</summary>
    internal static IEnumerable<Linear> Layers(nn.Module model, ModuleSelection? kept)
    {
        if (model is Linear single) return [single];
        ModuleCatalog catalog = new(model);
        Require.Argument(kept?.IsAllLinear != true, "Kept layers are named, or matched by a pattern; received all linear layers, which would leave nothing to quantise.", nameof(kept));
        if (kept is not null) ModuleMatching.RequireMatches(catalog, kept, nameof(kept));
        HashSet<string> head = (model as IHeadedModel)?.HeadModule.WeightNames.Select(weight => weight.File).ToHashSet(StringComparer.Ordinal) ?? [];
        return catalog.Modules.Where(module => module.Layer is Linear && module.Kind != WeightKind.Output && !head.Contains($"{module.Name}.weight") && kept?.Selects(module.Name) != true).Select(module => (Linear)module.Layer);
    }
}
