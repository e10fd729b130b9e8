using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>A backbone and the head that answers a task.</summary>
/// <typeparam name="THead">The kind of head.</typeparam>
public abstract class HeadedModel<THead> : nn.Module, IReplicable, IHeadedModel, IAdaptable where THead : HeadModule
{
    private const string BackboneName = "backbone";
    private const string HeadName = "head";
    private readonly HashSet<string> _headFiles;
    private readonly HashSet<string> _languageHeadFiles;
    private readonly string _prefix;

    /// <summary>Puts an uninitialised head on a backbone.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="backbone">The backbone; the model becomes its owner.</param>
    /// <param name="task">What the output is for.</param>
    /// <param name="outputs">Numbers a text or token; at least 1.</param>
    /// <param name="createHead">The family's head for the task.</param>
    private protected HeadedModel(string name, BackboneModel backbone, ModelHead task, int outputs, Func<ModelConfig, BackboneModel, ModelHead, int, THead> createHead) : base(name)
    {
        Backbone = Require.NotNull(backbone);
        (Head, Outputs) = (task, Require.AtLeast(outputs, 1));
        // Files of language models that a task begins with have a head that is passed over.
        _languageHeadFiles = backbone.WeightNames.Where(weight => weight.Kind == WeightKind.Output).Select(weight => weight.File).ToHashSet(StringComparer.Ordinal);
        Backbone.DropHead();
        HeadModule = createHead(backbone.Config, backbone, task, outputs);
        // By name: the fields of a base class are not looked at by RegisterComponents.
        register_module(BackboneName, Backbone);
        register_module(HeadName, HeadModule);
        _headFiles = HeadModule.WeightNames.Select(weight => weight.File).ToHashSet(StringComparer.Ordinal);
        _prefix = backbone.HeadedPrefix(task);
        WeightNames =
        [
            .. backbone.WeightNames.Select(weight => weight with { File = backbone.HeadedName(weight.File, task), Parameter = $"{BackboneName}.{weight.Parameter}" }).Where(weight => !_headFiles.Contains(weight.File)),
            .. HeadModule.WeightNames.Select(weight => weight with { Parameter = $"{HeadName}.{weight.Parameter}" }),
        ];
    }

    /// <summary>The model below the head.</summary>
    public BackboneModel Backbone { get; }

    /// <summary>The head.</summary>
    public THead HeadModule { get; }

    /// <summary>Numbers a text or token.</summary>
    public int Outputs { get; }

    /// <inheritdoc/>
    public virtual ModelConfig Config => Backbone.Config;

    /// <inheritdoc/>
    public ModelHead Head { get; }

    /// <inheritdoc/>
    public IReadOnlyList<WeightName> WeightNames { get; }

    HeadModule IHeadedModel.HeadModule => HeadModule;

    IModelAttachments? IAdaptable.Attachments { get; set; }

    /// <inheritdoc/>
    /// <remarks>What belongs to the head here (a pooler) may belong to the backbone in the file, and so have its prefix there, or not have it.</remarks>
    public string? CanonicalName(string file)
    {
        string name = OldNames.Modern(file), prefix = Backbone.HeadedPrefix(ModelHead.SequenceClassification);
        string bare = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
        foreach (string candidate in (string[])[name, _prefix + bare, bare])
        {
            if (_headFiles.Contains(candidate)) return candidate;
        }
        return Backbone.CanonicalName(name) is string inside && !_languageHeadFiles.Contains(inside) ? Backbone.HeadedName(inside, Head) : null;
    }

    /// <summary>Draws the head by the family's published scheme; the backbone stays as it is.</summary>
    /// <param name="random">Where the draws come from.</param>
    public void InitializeHead(RandomStream random) => HeadModule.Initialize(random);

    /// <summary>Frees the weights, and what adapters keep beside them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) ((IAdaptable)this).Attachments?.Dispose();
        base.Dispose(disposing);
    }

    nn.Module IReplicable.CreateLike() => CreateLikeModule();

    void IReplicable.Reseed(RandomStream dropout) => Backbone.Random.Reseed(dropout);

    /// <summary>Brings a bare model of the same shape into the state of this one: its adapters, its mode.</summary>
    private protected TModel Like<TModel>(TModel bare) where TModel : HeadedModel<THead>
    {
        ((IAdaptable)this).Attachments?.AttachTo(bare);
        bare.train(training);
        return bare;
    }

    /// <summary>A model of the same shape, device, type and mode, with uninitialised weights.</summary>
    private protected abstract nn.Module CreateLikeModule();
}
