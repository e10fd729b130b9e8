using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>
/// An adapter that stays beside the weights of a fitted model, because it cannot become a part of them: virtual tokens, for example. It has a folder of its own below the model's, in PEFT's layout, and
/// <c>task.json</c> names it: a folder that only happens to lie there is nobody's adapter.
/// </summary>
internal static class KeptAdapter
{
    private const string Key = "adapterFolder";
    private const string Folder = "adapter";

    /// <summary>The name of the adapter that a model computes with beside its weights; null: it has none.</summary>
    internal static string? Of(nn.Module model) => ModelAdapters.Of(model) is { IsMerged: false, Active: string name } ? name : null;

    /// <summary>Demands that the weights are all that a model computes with: models that are made of them would lack the rest.</summary>
    internal static void RequireNone(BackboneModel model, string what)
    {
        if (Of(model) is string name)
            throw new InvalidOperationException($"{what} is made of a model's weights alone; this model has the adapter '{name}' beside them. Call MergeAndRemove of its ModelAdapters, or, where it is one of virtual tokens, give the model without it.");
    }

    /// <summary>Notes the adapter in what <c>task.json</c> will hold.</summary>
    internal static void Describe(JsonObject task) => task[Key] = Folder;

    /// <summary>Writes the adapter below the folder of its model.</summary>
    internal static void Save(nn.Module model, string name, string folder) => PeftFolder.Save(Path.Combine(folder, Folder), model, name);

    /// <summary>Puts the adapter that <c>task.json</c> names on its model.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not the model's.</exception>
    internal static void Load(nn.Module model, string folder, JsonObject task)
    {
        if (task[Key] is not { } named)
            return;
        // Only the one name is ever written; another could lead anywhere.
        if (named.GetValue<string>() is not Folder)
            throw new InvalidDataException($"'{folder}': task.json names the adapter's folder '{named}'; it must be '{Folder}'. Save the model again.");
        try
        {
            PeftFolder.Load(Path.Combine(folder, Folder), model);
        }
        catch (IOException error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"'{folder}': task.json names an adapter, of which a file is missing ({error.Message}). Take a fresh copy, or save the model again.", error);
        }
        model.eval();
    }
}
