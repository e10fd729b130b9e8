using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>
/// The adapters of a model: small trained parts beside frozen weights. The model stays the same object of the same class, so whatever trains, scores or generates with it goes on to; at most one adapter is active,
/// and only its parameters (and whole modules that it saves) require gradients. Without adapters the model is to the bit what it was. While the model is trained, what changes its adapters is refused.
/// </summary>
public sealed class ModelAdapters : IModelAttachments
{
    /// <summary>The name of an adapter that was given none.</summary>
    public const string DefaultName = "default";

    private readonly nn.Module _model;
    private readonly ModuleCatalog _catalog;
    private readonly OrderedDictionary<string, AttachedAdapter> _adapters = new(StringComparer.Ordinal);
    private readonly HashSet<string> _trained;
    private MergedWeights? _merged;

    private ModelAdapters(nn.Module model)
    {
        (_model, _catalog) = (model, new ModuleCatalog(model));
        _trained = [.. model.named_parameters().Where(entry => entry.parameter.requires_grad).Select(entry => entry.name)];
        foreach (Parameter parameter in model.parameters()) parameter.requires_grad_(false);
        ((IAdaptable)model).Attachments = this;
    }

    /// <summary>The names of the adapters, in the order in which they were attached.</summary>
    public IReadOnlyList<string> Names => [.. _adapters.Keys];

    /// <summary>The name of the active one; null: the model computes as if there were none.</summary>
    public string? Active { get; private set; }

    /// <summary>Whether the active adapter is a part of the model's weights at the moment: see <see cref="Merge"/>.</summary>
    public bool IsMerged => _merged is not null;

    internal ModuleCatalog Catalog => _catalog;

    /// <summary>Why the active adapter can not be a part of the weights; null: it can.</summary>
    internal string? WhyNotMergeable
    {
        get
        {
            try
            {
                MergedWeights.RequireMergeable(_catalog, Adapter(Active ?? throw new InvalidOperationException("Merging needs an active adapter; none is. Call Activate.")));
                return null;
            }
            catch (NotSupportedException error)
            {
                return error.Message;
            }
        }
    }

    /// <summary>The name that the model has for a tensor of a checkpoint; null for one that it can do without.</summary>
    internal string? CanonicalName(string file) => ((ICheckpointModel)_model).CanonicalName(file);

    bool IModelAttachments.AreInWeights => IsMerged || Active is null;

    IReadOnlyList<WeightName> IModelAttachments.WeightNames
    {
        get
        {
            Dictionary<nint, string> names = Registered();
            return [.. _adapters.Values.SelectMany(adapter => adapter.Parts).Select(part => new WeightName(part.Key, names[part.Value.Handle], WeightKind.Adapter, part.Layer))];
        }
    }

    /// <summary>The adapters of a model; null: it has none.</summary>
    public static ModelAdapters? Of(nn.Module model) => (model as IAdaptable)?.Attachments as ModelAdapters;

    /// <summary>Attaches a new adapter to a model and activates it. The model's own weights are frozen.</summary>
    /// <param name="model">A backbone, or a model with a head; nobody trains it at the moment.</param>
    /// <param name="options">What is attached.</param>
    /// <param name="name">The adapter's name; without dots.</param>
    /// <param name="random">Where the draws of the first weights come from; null: a fixed stream.</param>
    /// <returns>All adapters of the model.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, contradicts another, or names modules that the model does not have: the message lists those that it has.</exception>
    /// <exception cref="InvalidOperationException">The model has an adapter of that name, or one that is merged.</exception>
    /// <exception cref="NotSupportedException">The model's family can not take an adapter of the kind.</exception>
    public static ModelAdapters Attach(nn.Module model, AdapterOptions options, string name = DefaultName, RandomStream? random = null) =>
        Attach(model, options, name, random ?? new RandomStreams(0).Initialization, isStrict: true);

    /// <summary>Makes an adapter the one that the model computes with, and that training changes.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    /// <exception cref="InvalidOperationException">The active one is merged.</exception>
    public void Activate(string name)
    {
        Adapter(name);
        RequireFree($"Activating the adapter '{name}'");
        RequireUnmerged();
        SetActive(name);
    }

    /// <summary>Lets the model compute as if it had no adapter. Nothing of it requires gradients then.</summary>
    /// <exception cref="InvalidOperationException">The active one is merged.</exception>
    public void Deactivate()
    {
        RequireFree("Deactivating an adapter");
        RequireUnmerged();
        SetActive(null);
    }

    /// <summary>Takes an adapter off and frees it. Without the last one, the model's weights are trained again as they were before the first.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    /// <exception cref="InvalidOperationException">The active one is merged.</exception>
    public void Remove(string name)
    {
        AttachedAdapter adapter = Adapter(name);
        RequireFree($"Removing the adapter '{name}'");
        RequireUnmerged();
        if (Active == name) SetActive(null);
        AdapterBuilder.TakeOff(_model, _catalog, adapter);
        _adapters.Remove(name);
        if (_adapters.Count == 0) Leave();
    }

    /// <summary>
    /// Makes the active adapter a part of the model's weights: it computes the same, at the cost of a model without an adapter. The weights are copied before, so that <see cref="Unmerge"/> gives them back to
    /// the bit. Nothing requires gradients in the meantime.
    /// </summary>
    /// <exception cref="InvalidOperationException">No adapter is active, or it is merged already, or the model's weights are quantised.</exception>
    /// <exception cref="NotSupportedException">The adapter can not be a part of the weights: it stands before texts, or changes an embedding alone that is tied to the head.</exception>
    public void Merge()
    {
        RequireFree("Merging an adapter");
        RequireUnmerged();
        AttachedAdapter adapter = Adapter(Active ?? throw new InvalidOperationException("Merging needs an active adapter; none is. Call Activate."));
        _merged = MergedWeights.Of(_catalog, adapter);
        AdapterBuilder.ActivateSlots(_adapters.Values, null);
        foreach ((_, Parameter value, _) in adapter.Parts) value.requires_grad_(false);
    }

    /// <summary>Takes the merged adapter out of the weights again, which are to the bit what they were.</summary>
    /// <exception cref="InvalidOperationException">None is merged.</exception>
    public void Unmerge()
    {
        RequireFree("Unmerging an adapter");
        Require.State(_merged is not null, "Unmerging needs a merged adapter; none is.");
        _merged.Undo();
        _merged = null;
        SetActive(Active);
    }

    /// <summary>Makes the active adapter a part of the model's weights for good, and takes all adapters off: the model can be saved as an ordinary folder then. Quantised layers that it changes become dense.</summary>
    /// <exception cref="InvalidOperationException">No adapter is active.</exception>
    /// <exception cref="NotSupportedException">See <see cref="Merge"/>.</exception>
    public void MergeAndRemove()
    {
        AttachedAdapter adapter = Adapter(Active ?? throw new InvalidOperationException("Merging needs an active adapter; none is. Call Activate."));
        RequireFree("Merging an adapter");
        if (!IsMerged)
        {
            MergedWeights.RequireMergeable(_catalog, adapter);
            foreach ((AdaptableModule module, _) in adapter.Refits) (module.Layer as Linear)?.Dequantize();
            Merge();
        }
        _merged!.Dispose();
        _merged = null;
        foreach (SavedParameter saved in adapter.Saved) saved.Dispose();
        adapter.Saved.Clear();
        Active = null;
        foreach (AttachedAdapter other in _adapters.Values) AdapterBuilder.TakeOff(_model, _catalog, other);
        _adapters.Clear();
        Leave();
    }

    /// <summary>What an adapter was made by.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public AdapterOptions OptionsOf(string name = DefaultName) => Adapter(name).Options;

    /// <summary>The active adapter.</summary>
    internal AttachedAdapter Attached() => Adapter(Active ?? throw new InvalidOperationException("No adapter is active."));

    /// <summary>The names under which the model registers what an adapter trains, by the names that PEFT's files have for it.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public IReadOnlyDictionary<string, string> ParameterNames(string name = DefaultName)
    {
        AttachedAdapter adapter = Adapter(name);
        Dictionary<nint, string> names = Registered();
        return adapter.Parts.Select(part => (part.Key, names[part.Value.Handle])).Concat(adapter.Saved.Select(saved => (adapter.KeyPrefix + saved.Key, saved.Path))).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>An adapter's numbers by the names that PEFT's files have for them, in the files' orientation: views of the adapter's own memory, without gradients.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Dictionary<string, Tensor> Views(string name = DefaultName) => Select(Adapter(name), parameter => parameter.detach(), (saved, parameter) => saved.Value(parameter));

    /// <summary>The gradients of the active adapter by the names that PEFT's files have for its parameters; zeros where there is none.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Dictionary<string, Tensor> Gradients(string name = DefaultName) => Select(Adapter(name), Gradient, (_, parameter) => Gradient(parameter));

    /// <summary>
    /// LoRA+ (Hayou et al.: "LoRA+: Efficient Low Rank Adaptation of Large Models", 2024): by how much the learning rate of a parameter is multiplied, by the name under which the model registers it: the B matrices
    /// of the active adapter where its <see cref="LoraOptions.OutputLearningRateFactor"/> is not 1.
    /// </summary>
    public IReadOnlyDictionary<string, double> LearningRateFactors
    {
        get
        {
            if (Active is null || Adapter(Active) is not { Options: LoraOptions { OutputLearningRateFactor: not 1 and double factor } } adapter) return new Dictionary<string, double>();
            Dictionary<nint, string> names = Registered();
            return adapter.Parts.Where(part => part.Key.Contains(".lora_B.", StringComparison.Ordinal)).ToDictionary(part => names[part.Value.Handle], _ => factor, StringComparer.Ordinal);
        }
    }

    // Without a stream the weights stay uninitialised: they are about to be read. Not strictly: files name modules that only some models have.
    internal static ModelAdapters Attach(nn.Module model, AdapterOptions options, string name, RandomStream? random, bool isStrict)
    {
        Require.NotNull(options).Validate();
        Require.Argument(Require.Text(name).IndexOf('.', StringComparison.Ordinal) < 0, $"An adapter's name has no dots, since it becomes a part of its parameters' names; received '{name}'.", nameof(name));
        Require.Argument(Require.NotNull(model) is IAdaptable, $"Adapters go with backbones and models that have one; received a {model.GetType().Name}.", nameof(model));
        TrainedModels.RequireFree(model, "Attaching an adapter");
        ModelAdapters adapters = Of(model) ?? new ModelAdapters(model);
        Require.State(!adapters._adapters.ContainsKey(name), $"The model has an adapter '{name}' already. Take another name, or call Remove.");
        adapters.RequireUnmerged();
        try
        {
            adapters.Add(name, options, random, isStrict, isReplica: false);
        }
        catch
        {
            if (adapters._adapters.Count == 0) adapters.Leave();
            throw;
        }
        adapters.SetActive(name);
        return adapters;
    }

    void IModelAttachments.AttachTo(nn.Module like)
    {
        ModelAdapters others = new(like);
        foreach (AttachedAdapter adapter in _adapters.Values) others.Add(adapter.Name, adapter.Options, random: null, isStrict: false, isReplica: true);
        others.SetActive(Active);
        if (IsMerged) AdapterBuilder.ActivateSlots(others._adapters.Values, null);
    }

    void IDisposable.Dispose()
    {
        _merged?.Dispose();
        foreach (SavedParameter saved in _adapters.Values.SelectMany(adapter => adapter.Saved)) saved.Dispose();
    }

    private static Tensor Gradient(Parameter parameter) => parameter.grad ?? zeros_like(parameter);

    private AttachedAdapter Adapter(string name) => _adapters.TryGetValue(Require.NotNull(name), out AttachedAdapter? adapter)
        ? adapter
        : throw new ArgumentException($"The model has no adapter '{name}'; it has {string.Join(", ", _adapters.Keys.Select(known => $"'{known}'"))}.", nameof(name));

    private void RequireFree(string what) => TrainedModels.RequireFree(_model, what);

    private void RequireUnmerged() => Require.State(!IsMerged, $"The adapter '{Active}' is merged into the weights. Call Unmerge first.");

    private void Add(string name, AdapterOptions options, RandomStream? random, bool isStrict, bool isReplica)
    {
        AttachedAdapter adapter = new(name, options);
        try
        {
            AdapterBuilder.Build(_model, _catalog, adapter, random, isStrict, isReplica);
        }
        catch
        {
            AdapterBuilder.TakeOff(_model, _catalog, adapter);
            throw;
        }
        _adapters.Add(name, adapter);
    }

    private void SetActive(string? name)
    {
        Dictionary<string, Parameter> parameters = Parameters();
        // First all that ends, because two adapters may save the same module.
        foreach (AttachedAdapter adapter in _adapters.Values.OrderBy(adapter => adapter.Name == name))
        {
            bool active = adapter.Name == name;
            foreach ((_, Parameter value, _) in adapter.Parts) value.requires_grad_(active);
            foreach (SavedParameter saved in adapter.Saved) saved.Activate(parameters[saved.Path], active);
        }
        AdapterBuilder.ActivateSlots(_adapters.Values, name);
        VirtualTokens? prompt = name is null ? null : _adapters[name].Prompt;
        _catalog.Backbone.Prompt = prompt;
        if (_catalog.Tokens is not null) _catalog.Tokens.VirtualRows = prompt is null ? null : () => prompt.Embeddings;
        Active = name;
    }

    /// <summary>The model is as it was before the first adapter.</summary>
    private void Leave()
    {
        foreach ((string name, Parameter parameter) in _model.named_parameters()) parameter.requires_grad_(_trained.Contains(name) && parameter.numel() > 0);
        ((IAdaptable)_model).Attachments = null;
        _catalog.Backbone.Prompt = null;
        if (_catalog.Tokens is not null) _catalog.Tokens.VirtualRows = null;
    }

    private Dictionary<string, Tensor> Select(AttachedAdapter adapter, Func<Parameter, Tensor> ofPart, Func<SavedParameter, Parameter, Tensor> ofSaved)
    {
        Dictionary<string, Parameter> parameters = Parameters();
        Dictionary<string, Tensor> tensors = adapter.Parts.ToDictionary(part => part.Key, part => ofPart(part.Value), StringComparer.Ordinal);
        foreach (SavedParameter saved in adapter.Saved)
        {
            Tensor value = ofSaved(saved, parameters[saved.Path]);
            tensors.Add(adapter.KeyPrefix + saved.Key, saved.IsTransposed ? value.t() : value.alias());
        }
        return tensors;
    }

    private Dictionary<string, Parameter> Parameters() => _model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter, StringComparer.Ordinal);

    private Dictionary<nint, string> Registered()
    {
        Dictionary<nint, string> names = [];
        foreach ((string name, Parameter parameter) in _model.named_parameters()) names.TryAdd(parameter.Handle, name);
        return names;
    }
}
