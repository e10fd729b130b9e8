using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>The modules of a model under the names that Hugging Face gives them: what the table of checkpoint names says, read for modules.</summary>
internal sealed class ModuleCatalog
{
    private const string WeightEnd = ".weight";
    private const int Shown = 40;

    /// <summary>Reads a model.</summary>
    /// <exception cref="ArgumentException">The model has no table of names.</exception>
    public ModuleCatalog(nn.Module model)
    {
        Names = (model as ICheckpointModel)?.WeightNames ?? throw new ArgumentException($"Adapters go with models of the library, which know the names of checkpoints; received a {model.GetType().Name}.", nameof(model));
        Backbone = model as BackboneModel ?? (model as IHeadedModel)?.Backbone ?? throw new ArgumentException($"Adapters go with backbones and models that have one; received a {model.GetType().Name}.", nameof(model));
        Dictionary<string, nn.Module> parts = model.named_modules().ToDictionary(entry => entry.name, entry => entry.module, StringComparer.Ordinal);
        List<AdaptableModule> modules = [];
        foreach (WeightName weight in Names)
        {
            if (!weight.File.EndsWith(WeightEnd, StringComparison.Ordinal) || !weight.Parameter.EndsWith(WeightEnd, StringComparison.Ordinal)) continue;
            string path = weight.Parameter[..^WeightEnd.Length];
            if (parts.TryGetValue(path, out nn.Module? part) && part is Linear or Embedding) modules.Add(new(weight.File[..^WeightEnd.Length], path, part!, weight.Kind, weight.Layer, weight.IsTransposed));
        }
        AdaptableModule[] embeddings = [.. modules.Where(module => module is { Layer: Layers.Embedding, Kind: WeightKind.Embedding })];
        Tokens = embeddings.FirstOrDefault()?.Layer as Embedding;
        bool writes = model is DecoderModel or EncoderDecoderModel;
        if (writes && embeddings.Length > 0 && !modules.Any(module => module.Kind == WeightKind.Output))
        {
            TiedEmbedding = embeddings[^1];
            Embedding table = (Embedding)TiedEmbedding.Layer;
            modules.Add(new(Backbone.Config.Family == "gpt_neox" ? "embed_out" : "lm_head", TiedEmbedding.Path, table.Head, WeightKind.Output, null, false));
        }
        Modules = modules;
        OutputHeads = [.. modules.Where(module => IsOutputHead(model, module)).Select(module => module.Name)];
    }

    /// <summary>The model below any head.</summary>
    public BackboneModel Backbone { get; }

    /// <summary>The table of checkpoint names.</summary>
    public IReadOnlyList<WeightName> Names { get; }

    /// <summary>What adapters can change, in the order of the table.</summary>
    public IReadOnlyList<AdaptableModule> Modules { get; }

    /// <summary>The table of tokens; null for a model without one that adapters know.</summary>
    public Embedding? Tokens { get; }

    /// <summary>The embedding that serves as output head, too; null where there is none.</summary>
    public AdaptableModule? TiedEmbedding { get; }

    /// <summary>Names of the modules that are no target where all linear layers are.</summary>
    public HashSet<string> OutputHeads { get; }

    /// <summary>What errors say of the model: the last words of its modules' names.</summary>
    public string Description => $"linear layers {Ends(module => module.Layer is not Embedding)} and embeddings {Ends(module => module.Layer is Embedding)}";

    /// <summary>The names of all modules that have parameters, those inside of others included.</summary>
    public IReadOnlyList<string> AllModules
    {
        get
        {
            SortedSet<string> all = new(StringComparer.Ordinal);
            foreach (string file in Names.Select(weight => weight.File).Concat(Modules.Select(module => $"{module.Name}{WeightEnd}")))
            {
                for (int end = file.LastIndexOf('.'); end > 0; end = file.LastIndexOf('.', end - 1)) all.Add(file[..end]);
            }
            return [.. all];
        }
    }

    /// <summary>The first of some names, and how many more there are.</summary>
    public static string Shortened(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(Shown)) + (all.Length > Shown ? $" and {all.Length - Shown} more" : "");
    }

    private string Ends(Func<AdaptableModule, bool> isMeant) => Shortened(Modules.Where(isMeant).Select(module => LastWord(module.Name)).Distinct(StringComparer.Ordinal));

    private static string LastWord(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static bool IsOutputHead(nn.Module model, AdaptableModule module) => module.Kind == WeightKind.Output && model switch
    {
        DecoderModel or EncoderDecoderModel => true,
        MaskedLanguageModel => LastWord(module.Name) is "decoder" or "lm_head",
        SequenceClassifier => module.Name is "classifier" or "score",
        _ => false,
    };
}
