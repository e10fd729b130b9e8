using Microsoft.ML.LlmFineTune.Adapters.Refits;
using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>One adapter of a model: its parts, and where they are.</summary>
/// <param name="name">The adapter's name.</param>
/// <param name="options">What it was made by.</param>
internal sealed class AttachedAdapter(string name, AdapterOptions options)
{
    public string Name => name;

    public AdapterOptions Options => options;

    /// <summary>What it adds to modules.</summary>
    public List<(AdaptableModule Module, IRefit Refit)> Refits { get; } = [];

    /// <summary>What of the model it trains whole.</summary>
    public List<SavedParameter> Saved { get; } = [];

    /// <summary>What it puts before texts; null for nothing.</summary>
    public VirtualTokens? Prompt { get; set; }

    /// <summary>What PEFT puts before the names of the model's modules.</summary>
    public string KeyPrefix => Prompt is null ? "base_model.model." : "base_model.";

    /// <summary>All parts, those of the prompt included: the name in the adapter's file, the part, the layer's number.</summary>
    public IEnumerable<(string Key, TorchSharp.Modules.Parameter Value, int? Layer)> Parts =>
        Refits.SelectMany(entry => entry.Refit.Parts, (entry, part) => ($"{KeyPrefix}{entry.Module.Name}{part.Ending}", part.Value, entry.Module.Number))
            .Concat((Prompt as IRefit)?.Parts.Select(part => (part.Ending, part.Value, (int?)null)) ?? []);
}
