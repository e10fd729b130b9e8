using Microsoft.ML.LlmFineTune.Adapters.Refits;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>Puts the parts of an adapter into a model, and takes them out.</summary>
internal static class AdapterBuilder
{
    private static readonly string[] ClassifierNames = ["classifier", "score"];
    private static readonly string[] AnswerNames = ["qa_outputs"];

    /// <summary>The modules that a model's adapter saves where nobody says it: the new head, by the names that PEFT looks for.</summary>
    public static IReadOnlyList<string> DefaultModulesToSave(nn.Module model) => model switch
    {
        SequenceClassifier or TokenClassifier => ClassifierNames,
        QuestionAnsweringModel => AnswerNames,
        _ => [],
    };

    /// <summary>Makes the parts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="catalog">Its modules.</param>
    /// <param name="adapter">Receives the parts.</param>
    /// <param name="random">Where the draws come from; null: the parts stay uninitialised.</param>
    /// <param name="isStrict">Whether each name of a module must be one of the model.</param>
    /// <param name="isReplica">Whether the model will share another one's memory.</param>
    public static void Build(nn.Module model, ModuleCatalog catalog, AttachedAdapter adapter, RandomStream? random, bool isStrict, bool isReplica)
    {
        IReadOnlyList<string> toSave = adapter.Options.ModulesToSave ?? DefaultModulesToSave(model);
        switch (adapter.Options)
        {
            case LoraOptions lora: AddLora(model, catalog, adapter, lora, random, isStrict); break;
            case Ia3Options ia3: AddIa3(catalog, adapter, ia3, toSave, random, isStrict); break;
            case PromptTuningOptions prompt: AddPrompt(model, catalog, adapter, prompt, random); break;
            case PrefixTuningOptions prefix: AddPrefix(catalog, adapter, prefix, random); break;
            case AdapterOptions other: throw new NotSupportedException($"There is no adapter for {other.GetType().Name}.");
        }
        SaveModules(model, catalog, adapter, toSave, isStrict && adapter.Options.ModulesToSave is not null);
        if (adapter.Options is LoraOptions { Bias: not LoraBias.None } withBias) SaveBiases(model, catalog, adapter, withBias.Bias);
        if (isReplica) return;
        Dictionary<string, Parameter> parameters = model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter, StringComparer.Ordinal);
        foreach (SavedParameter saved in adapter.Saved) saved.Begin(parameters[saved.Path]);
    }

    /// <summary>How many numbers the matrices are at least that an adapter has beside a model, without making it; parts that are as large as the model's own are not counted.</summary>
    /// <exception cref="ArgumentException">The options select nothing of the model.</exception>
    public static double CountNumbers(nn.Module model, AdapterOptions options)
    {
        ModuleCatalog catalog = ModelAdapters.Of(model)?.Catalog ?? new(model);
        return options switch
        {
            LoraOptions lora => SelectLora(model, catalog, lora, isStrict: false).Sum(module => (double)lora.RankOf(module.Name) * WidthsOf(module.Layer)),
            PromptTuningOptions prompt when catalog.Tokens is Embedding table => (double)prompt.VirtualTokens * table.Weight.size(1),
            PrefixTuningOptions prefix when catalog.Backbone.KeyValueShape is KeyValueShape shape => 2.0 * prefix.VirtualTokens * shape.Layers * shape.Heads * shape.HeadSize,
            _ => 0,
        };

        static double WidthsOf(object layer) => layer is Embedding embedding ? embedding.Weight.shape.Sum() : ((ILinearMap)layer).InputWidth + ((ILinearMap)layer).OutputWidth;
    }

    /// <summary>Takes the parts out, and frees them.</summary>
    public static void TakeOff(nn.Module model, ModuleCatalog catalog, AttachedAdapter adapter)
    {
        foreach ((AdaptableModule module, _) in adapter.Refits)
        {
            if (module.Layer is Embedding { Adapter: EmbeddingSlot rows } embedding)
            {
                rows.Remove(adapter.Name);
                if (rows.Count > 0) continue;
                embedding.Adapter = null;
                rows.Dispose();
            }
            else if (SlotOf(module.Layer) is LinearSlot slot)
            {
                slot.Remove(adapter.Name);
                if (slot.Count > 0) continue;
                SetSlot(module.Layer, null);
                slot.Dispose();
            }
        }
        if (adapter.Prompt is not null)
        {
            catalog.Backbone.register_module(PromptName(adapter), null!);
            adapter.Prompt.Dispose();
        }
        foreach (SavedParameter saved in adapter.Saved) saved.Dispose();
    }

    /// <summary>Lets every module compute with the part of one adapter; null: with none.</summary>
    public static void ActivateSlots(IEnumerable<AttachedAdapter> adapters, string? name)
    {
        foreach (AdaptableModule module in adapters.SelectMany(adapter => adapter.Refits).Select(entry => entry.Module))
        {
            if (module.Layer is Embedding embedding) (embedding.Adapter as EmbeddingSlot)?.Activate(name);
            else (SlotOf(module.Layer) as LinearSlot)?.Activate(name);
        }
    }

    private static void AddLora(nn.Module model, ModuleCatalog catalog, AttachedAdapter adapter, LoraOptions options, RandomStream? random, bool isStrict)
    {
        IReadOnlyList<AdaptableModule> modules = SelectLora(model, catalog, options, isStrict);
        if (isStrict)
        {
            ModuleMatching.RequireKeys(options.RankPattern.Keys, modules, nameof(options.RankPattern));
            ModuleMatching.RequireKeys(options.AlphaPattern.Keys, modules, nameof(options.AlphaPattern));
        }
        foreach (AdaptableModule module in modules)
        {
            (Device device, ScalarType dtype) = PlaceOf(module);
            if (module.Layer is Embedding embedding)
            {
                LoraEmbedding rows = new(embedding, options, module.Name, device, dtype);
                Add(adapter, module, rows);
                if (random is not null) rows.Initialize(embedding, options.Initialization, random);
                continue;
            }
            ILinearMap map = (ILinearMap)module.Layer;
            LoraLinear refit = new(map, options, module.Name, catalog.Backbone.Random, device, dtype);
            Add(adapter, module, refit);
            if (random is not null) refit.Initialize(map, options.Initialization, random);
        }
        // New parts are in the mode of the model.
        model.train(model.training);
    }

    private static IReadOnlyList<AdaptableModule> SelectLora(nn.Module model, ModuleCatalog catalog, LoraOptions options, bool isStrict) => ModuleMatching.Select(
        catalog, options.Targets ?? FamilyTargets.Lora(catalog.Backbone.Config), options.Excluded, options.ModulesToSave ?? DefaultModulesToSave(model), options.Layers, options.LayerWords, isStrict);

    private static void AddIa3(ModuleCatalog catalog, AttachedAdapter adapter, Ia3Options options, IReadOnlyList<string> toSave, RandomStream? random, bool isStrict)
    {
        IReadOnlyList<string> usual = options.Targets is null ? FamilyTargets.Ia3(catalog.Backbone.Config) : [];
        ModuleSelection targets = options.Targets ?? ModuleSelection.Of(usual);
        ModuleSelection? feedForward = options.FeedForward ?? (options.Targets is null ? ModuleSelection.Of(usual[^1]) : null);
        foreach (AdaptableModule module in ModuleMatching.Select(catalog, targets, options.Excluded, toSave, isStrict: isStrict))
        {
            if (module.Layer is not ILinearMap map) throw new NotSupportedException($"(IA)3 is for linear layers; '{module.Name}' is an embedding. Leave it out of the targets.");
            // The reference compares ends of names here without a dot before them.
            bool ofInputs = feedForward?.Pattern is null ? feedForward?.Names?.Any(name => module.Name.EndsWith(name, StringComparison.Ordinal)) == true : feedForward.Selects(module.Name);
            (Device device, ScalarType dtype) = PlaceOf(module);
            Ia3Linear refit = new(map, ofInputs, device, dtype);
            Add(adapter, module, refit);
            if (random is not null) refit.Initialize(options.BeginsAtOne, random);
        }
    }

    private static void AddPrompt(nn.Module model, ModuleCatalog catalog, AttachedAdapter adapter, PromptTuningOptions options, RandomStream? random)
    {
        Embedding table = (catalog.Backbone.KeyValueShape is null && catalog.Backbone is DecoderModel ? null : catalog.Tokens) ?? throw new NotSupportedException($"Virtual tokens need an embedding of tokens; '{catalog.Backbone.Config.Family}' has none that adapters know. Take LoRA.");
        RequireRoom(catalog, options.VirtualTokens);
        (Device device, ScalarType dtype) = (table.Weight.device, TypeOf(table.Weight.dtype));
        TrainedPrompt prompt = new(options.VirtualTokens, model is EncoderDecoderModel ? 2 : 1, table.Weight.size(1), device, dtype);
        SetPrompt(catalog, adapter, prompt);
        if (random is not null) prompt.Initialize(options, table, random);
    }

    private static void AddPrefix(ModuleCatalog catalog, AttachedAdapter adapter, PrefixTuningOptions options, RandomStream? random)
    {
        BackboneModel backbone = catalog.Backbone;
        KeyValueShape shape = backbone.KeyValueShape ?? throw new NotSupportedException($"Prefix tuning is not offered for '{backbone.Config.Family}'. Take LoRA or prompt tuning.");
        RequireRoom(catalog, options.VirtualTokens);
        TrainedPrefix prefix = new(options.VirtualTokens, shape, backbone.Device, TypeOf(backbone.WeightType));
        SetPrompt(catalog, adapter, prefix);
        if (random is not null) prefix.Initialize(random);
    }

    private static void RequireRoom(ModuleCatalog catalog, int tokens)
    {
        int positions = catalog.Backbone.Config.MaximumLength;
        Require.Argument(tokens < positions, $"Virtual tokens must leave room for a text; the model knows {positions} positions, received {tokens} virtual tokens.", nameof(PromptTuningOptions.VirtualTokens));
    }

    private static void SetPrompt(ModuleCatalog catalog, AttachedAdapter adapter, VirtualTokens prompt)
    {
        adapter.Prompt = prompt;
        catalog.Backbone.register_module(PromptName(adapter), prompt);
    }

    private static string PromptName(AttachedAdapter adapter) => $"prompt-{adapter.Name}";

    private static void SaveModules(nn.Module model, ModuleCatalog catalog, AttachedAdapter adapter, IReadOnlyList<string> names, bool isStrict)
    {
        // By the ends of names, without a dot before them, as the reference does: "classifier" is "pre_classifier", too.
        IReadOnlyList<string> all = catalog.AllModules;
        List<string> chosen = [.. all.Where(module => names.Any(name => module.EndsWith(name, StringComparison.Ordinal)))];
        foreach (string name in names)
        {
            if (isStrict && !chosen.Any(module => module.EndsWith(name, StringComparison.Ordinal)))
                throw new ArgumentException($"{nameof(AdapterOptions.ModulesToSave)}: '{name}' is the end of no module's name. The model has {ModuleCatalog.Shortened(all.Select(module => module[(module.LastIndexOf('.') + 1)..]).Distinct(StringComparer.Ordinal))}.", nameof(names));
        }
        // A new head of a family with other names would never be trained.
        if (chosen.Count == 0 && adapter.Options.ModulesToSave is null && names.Count > 0 && model is IHeadedModel headed) chosen = [.. headed.HeadModule.WeightNames.Select(weight => weight.File[..weight.File.LastIndexOf('.')]).Distinct(StringComparer.Ordinal)];

        HashSet<string> parameters = [.. model.named_parameters().Select(entry => entry.name)];
        foreach (AdaptableModule module in catalog.Modules.Where(module => chosen.Any(name => IsWithin(module.Name, name))))
        {
            (Device device, ScalarType dtype) = PlaceOf(module);
            if (module.Layer is TiedHead tied)
            {
                OwnHead own = new(tied, device, dtype);
                Add(adapter, module, own);
                own.Initialize(tied);
            }
            else if (module.Path == catalog.TiedEmbedding?.Path)
            {
                Embedding embedding = (Embedding)module.Layer;
                OwnTable own = new(embedding, device, dtype);
                Add(adapter, module, own);
                own.Initialize(embedding);
            }
        }
        foreach (WeightName weight in catalog.Names)
        {
            if (!parameters.Contains(weight.Parameter) || weight.Parameter == $"{catalog.TiedEmbedding?.Path}.weight" || !chosen.Any(name => weight.File.StartsWith($"{name}.", StringComparison.Ordinal))) continue;
            Save(adapter, weight, weight.File);
        }
    }

    private static bool IsWithin(string module, string outer) => module == outer || module.StartsWith($"{outer}.", StringComparison.Ordinal);

    private static void SaveBiases(nn.Module model, ModuleCatalog catalog, AttachedAdapter adapter, LoraBias which)
    {
        HashSet<string> parameters = [.. model.named_parameters().Select(entry => entry.name)];
        Dictionary<string, AdaptableModule> adapted = adapter.Refits.Where(entry => entry.Module.Layer is Linear).ToDictionary(entry => $"{entry.Module.Path}.bias", entry => entry.Module, StringComparer.Ordinal);
        foreach (WeightName weight in catalog.Names)
        {
            if (!parameters.Contains(weight.Parameter)) continue;
            if (adapted.TryGetValue(weight.Parameter, out AdaptableModule? module)) Save(adapter, weight, $"{module.Name}.base_layer.bias");
            else if (which == LoraBias.All && weight.File.Contains("bias", StringComparison.Ordinal)) Save(adapter, weight, weight.File);
        }
    }

    private static void Save(AttachedAdapter adapter, WeightName weight, string key)
    {
        if (!adapter.Saved.Any(saved => saved.Path == weight.Parameter)) adapter.Saved.Add(new SavedParameter(weight.Parameter, key, weight.IsTransposed));
    }

    private static void Add(AttachedAdapter adapter, AdaptableModule module, EmbeddingRefit refit)
    {
        Embedding embedding = (Embedding)module.Layer;
        if (embedding.Adapter is null) embedding.Adapter = new EmbeddingSlot();
        ((EmbeddingSlot)embedding.Adapter).Add(adapter.Name, refit);
        adapter.Refits.Add((module, refit));
    }

    private static void Add(AttachedAdapter adapter, AdaptableModule module, LinearRefit refit)
    {
        if (SlotOf(module.Layer) is null) SetSlot(module.Layer, new LinearSlot());
        ((LinearSlot)SlotOf(module.Layer)!).Add(adapter.Name, refit);
        adapter.Refits.Add((module, refit));
    }

    private static LinearAdapter? SlotOf(object layer) => layer is Linear linear ? linear.Adapter : (layer as TiedHead)?.Adapter;

    private static void SetSlot(object layer, LinearSlot? slot)
    {
        if (layer is Linear linear) linear.Adapter = slot;
        else ((TiedHead)layer).Adapter = slot;
    }

    private static (Device Device, ScalarType Type) PlaceOf(AdaptableModule module)
    {
        Parameter weight = module.Layer switch { Linear linear => linear.Weight, Embedding embedding => embedding.Weight, _ => ((TiedHead)module.Layer).Embedding.Weight };
        return (weight.device, TypeOf(weight.dtype));
    }

    /// <summary>The type of what is trained: half precision would lose small steps.</summary>
    private static ScalarType TypeOf(ScalarType model) => model is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : model;
}
