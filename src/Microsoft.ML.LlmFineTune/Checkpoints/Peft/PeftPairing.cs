using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints.Peft;

/// <summary>Pairs the tensors of an adapter's file with the adapter, and collects all that does not fit before anything is read.</summary>
internal sealed class PeftPairing
{
    private static readonly string[] Prefixes = ["base_model.model.", "base_model."];

    // Copies that the reference keeps inside of modules that are trained whole, and that some of its versions save by mistake.
    private static readonly string[] InnerCopies = [".original_module.", ".modules_to_save."];

    // What stands behind the name of a module.
    private static readonly string[] Endings = [".lora_A.", ".lora_B.", ".lora_embedding_A", ".lora_embedding_B", ".lora_magnitude_vector", ".ia3_l", ".base_layer."];

    private readonly string _source;
    private readonly ModuleCatalog _catalog;
    private readonly Func<string, string?> _canonical;
    private readonly Dictionary<string, Tensor> _missing;
    private readonly HashSet<string> _known;
    private readonly HashSet<string> _optional;
    private readonly List<string> _unknown = [];
    private readonly List<string> _misshapen = [];

    public PeftPairing(string source, ModelAdapters adapters, string name)
    {
        (_source, _catalog, _canonical) = (source, adapters.Catalog, adapters.CanonicalName);
        _missing = adapters.Views(name);
        _known = [.. _missing.Keys];
        // The reference has trained these biases and not always saved them.
        _optional = adapters.OptionsOf(name) is LoraOptions { Bias: LoraBias.AdaptedLayers } ? [.. _known.Where(key => key.EndsWith(".base_layer.bias", StringComparison.Ordinal))] : [];
    }

    /// <summary>Tensors for modules that the model does without.</summary>
    public List<string> Unused { get; } = [];

    /// <summary>The tensors that go into the adapter, in the file's order.</summary>
    /// <param name="header">The file's header.</param>
    /// <param name="tables">Tables of the base model that the file may hold, too.</param>
    /// <param name="saved">Receives those that it holds, to be compared.</param>
    public List<TensorTarget> Pair(SafeTensorsHeader header, Dictionary<string, Tensor> tables, out List<(TensorTarget Read, Tensor Base)> saved)
    {
        List<TensorTarget> targets = [];
        saved = [];
        foreach (SafeTensorsEntry entry in header.Entries)
        {
            string? key = Known(entry.Name, tables);
            string shape = $"[{string.Join(", ", entry.Shape)}]";
            if (key is null && IsDispensable(entry.Name)) Unused.Add(entry.Name);
            else if (key is null) _unknown.Add($"'{entry.Name}' {shape}");
            else if (tables.TryGetValue(key, out Tensor? table) && !_known.Contains(key))
            {
                if (table.shape.SequenceEqual(entry.Shape)) saved.Add((new TensorTarget(entry, empty_like(table)), table));
                else _misshapen.Add($"'{entry.Name}' is {shape} where the model needs [{string.Join(", ", table.shape)}]");
            }
            else if (!_missing.Remove(key, out Tensor? destination)) _unknown.Add($"'{entry.Name}' (a second time)");
            else if (!destination.shape.SequenceEqual(entry.Shape)) _misshapen.Add($"'{entry.Name}' is {shape} where the adapter needs [{string.Join(", ", destination.shape)}]");
            else targets.Add(new TensorTarget(entry, destination));
        }
        return targets;
    }

    /// <summary>Demands that everything fitted, and nothing is missing.</summary>
    /// <exception cref="InvalidDataException">Something did not; the message lists it.</exception>
    public void RequireFit()
    {
        List<string> faults = [];
        Add("Missing", [.. _missing.Where(entry => !_optional.Contains(entry.Key)).Select(entry => $"'{entry.Key}' [{string.Join(", ", entry.Value.shape)}]").Order(StringComparer.Ordinal)]);
        Add("Of another shape", _misshapen);
        Add("Not of the adapter", _unknown);
        if (faults.Count > 0)
            throw new InvalidDataException($"'{_source}' does not hold the weights that its configuration demands for this model. {string.Join(". ", faults)}. The adapter belongs to another model or another task's head, or its files do not belong together.");

        void Add(string what, List<string> tensors)
        {
            if (tensors.Count > 0) faults.Add($"{what}: {ShortList.Of(tensors)}");
        }
    }

    /// <summary>The adapter's name for a tensor of a file, whose module may have another prefix there: a bare model's, or a headed one's.</summary>
    private string? Known(string file, Dictionary<string, Tensor> tables)
    {
        if (IsKnown(file)) return file;
        foreach (string prefix in Prefixes.Where(prefix => file.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string bare = file[prefix.Length..];
            string? ending = Endings.FirstOrDefault(end => bare.Contains(end, StringComparison.Ordinal));
            int at = ending is null ? -1 : bare.IndexOf(ending, StringComparison.Ordinal);
            string? name = _canonical(ending is null ? bare : $"{bare[..at]}.weight");
            if (name is null) continue;
            string key = prefix + (ending is null ? name : name[..^".weight".Length] + bare[at..]);
            if (IsKnown(key)) return key;
        }
        return null;

        bool IsKnown(string key) => _known.Contains(key) || tables.ContainsKey(key);
    }

    /// <summary>Whether the tensor is for a module that checkpoints of the model may have and the model does without: a pooler, for example.</summary>
    private bool IsDispensable(string file)
    {
        if (InnerCopies.Any(copy => file.Contains(copy, StringComparison.Ordinal))) return true;
        string bare = Prefixes.Where(prefix => file.StartsWith(prefix, StringComparison.Ordinal)).Select(prefix => file[prefix.Length..]).FirstOrDefault() ?? file;
        string? ending = Endings.FirstOrDefault(end => bare.Contains(end, StringComparison.Ordinal));
        return ending is not null && _canonical($"{bare[..bare.IndexOf(ending, StringComparison.Ordinal)]}.weight") is null && !_catalog.Modules.Any(module => bare.StartsWith($"{module.Name}.", StringComparison.Ordinal));
    }
}
