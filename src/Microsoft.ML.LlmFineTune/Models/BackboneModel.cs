using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>
/// What every family gives: a model that turns tokens into hidden states, without a task's head. Its weights are plain parameters; constructing it draws
/// no random numbers: <see cref="Initialize"/> or a checkpoint fills the weights.
/// </summary>
public abstract class BackboneModel : nn.Module, IReplicable, ICheckpointModel, IAdaptable
{
    private ActivationCheckpoints? _checkpoints;

    // Whoever begins with a model has touched nothing native before.
    static BackboneModel() => NativeRuntime.Initialize();

    /// <summary>For the kinds of models.</summary>
    protected BackboneModel(string name) : base(name)
    {
    }

    /// <summary>The numbers that fix the model's shape.</summary>
    public abstract ModelConfig Config { get; }

    /// <summary>Where this instance's dropout draws from.</summary>
    public ModelRandom Random { get; } = new();

    /// <summary>
    /// Whether training keeps only the inputs of each layer and computes the rest again in backward: less memory for about a third more time (Chen et al., 2016). Default false; replicas do as this one.
    /// It has no effect in evaluation mode, without gradients, or with a cache.
    /// </summary>
    /// <exception cref="NotSupportedException">The family keeps its states (recurrent models); received true.</exception>
    public virtual bool RecomputesActivations
    {
        get => Checkpoints.Enabled;
        set => Checkpoints.Enabled = value;
    }

    /// <summary>
    /// Strength (alpha) of the noise that training adds to the embeddings of tokens, and of nothing else: each number gets a draw from [-1, 1) * alpha / sqrt(length * width), length being that of the batch, padding included (NEFTune: Jain et al.,
    /// 2023). At least 0; default 0: none. Replicas do as this one. It has no effect in evaluation mode.
    /// </summary>
    public double EmbeddingNoise
    {
        get;
        set
        {
            if (Require.NotNegative(value) == field) return;
            field = value;
            foreach (Embedding table in TokenEmbeddings) table.Noise = value > 0 ? new EmbeddingNoise(value, Random) : null;
        }
    }

    /// <summary>The tables that tokens are looked up in: the first one of the table of names, unless a family has several.</summary>
    internal virtual IEnumerable<Embedding> TokenEmbeddings
    {
        get
        {
            Dictionary<string, nn.Module> parts = named_modules().ToDictionary(entry => entry.name, entry => entry.module, StringComparer.Ordinal);
            return WeightNames.Where(weight => weight.Kind == WeightKind.Embedding && weight.Parameter.EndsWith(".weight", StringComparison.Ordinal))
                .Select(weight => parts.GetValueOrDefault(weight.Parameter[..^".weight".Length])).OfType<Embedding>().Take(1);
        }
    }

    /// <summary>What the layers are applied through.</summary>
    internal ActivationCheckpoints Checkpoints => _checkpoints ??= new ActivationCheckpoints(Random);

    /// <inheritdoc/>
    public abstract ModelHead Head { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public abstract string? CanonicalName(string file);

    /// <summary>What checkpoints of a model with a head put before the backbone's names; empty where the names are the same.</summary>
    /// <param name="task">What the head is for.</param>
    internal virtual string HeadedPrefix(ModelHead task) => "";

    /// <summary>The name that one of the backbone's tensors has in checkpoints of a model with a head.</summary>
    /// <param name="file">Its name in <see cref="WeightNames"/>.</param>
    /// <param name="task">What the head is for.</param>
    internal virtual string HeadedName(string file, ModelHead task) => HeadedPrefix(task) + file;

    /// <summary>Biases that the family's published models have and this one is without, by their names in a bare checkpoint: zeros to whoever knows only the published ones.</summary>
    internal virtual IEnumerable<(string File, long Length)> AbsentBiases => [];

    /// <summary>Device of the weights.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Device Device => Weights.FirstOf(this).device;

    /// <summary>Type of the weights.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public ScalarType WeightType => Weights.FirstOf(this).dtype;

    /// <summary>What a user should hear of the files that the weights were read from (numbers that are NaN, types that are mixed), a line each; empty where there is nothing to say.</summary>
    public IReadOnlyList<string> LoadWarnings { get; internal set; } = [];

    /// <summary>What stands before every text that the model reads; null for nothing. An adapter sets it.</summary>
    internal VirtualTokens? Prompt { get; set; }

    /// <summary>The keys and values of a position, for virtual ones; null: the family takes none.</summary>
    internal virtual KeyValueShape? KeyValueShape => null;

    /// <summary>Positions that virtual tokens leave for a text.</summary>
    internal int TextLength => Config.MaximumLength - (Prompt?.Count ?? 0);

    /// <summary>Positions that virtual tokens leave for a text in generation.</summary>
    internal int GenerationLength => Config.GenerationLength - (Prompt?.Count ?? 0);

    IModelAttachments? IAdaptable.Attachments { get; set; }

    /// <summary>How many numbers the weights are; shared ones are counted once.</summary>
    public long ParameterCount => parameters().Sum(parameter => parameter.numel()) + LinearQuantization.LayersOf(this).Sum(entry => entry.Layer.Quantized is Nf4Weight matrix ? matrix.Rows * matrix.Columns : 0);

    /// <summary>The hidden states of whole texts, as a task's head wants them.</summary>
    /// <param name="tokens">[batch, sequence] int64, ids below the vocabulary size; padding stands on the right.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64: which of two texts a token belongs to, for families that tell them apart; null: the first.</param>
    /// <param name="hiddenStates">Receives the input of the first layer and the output of every layer; null: nobody wants them.</param>
    /// <returns>[batch, sequence, width].</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit, or the family has no segments; the message says how.</exception>
    public abstract Tensor ReadTexts(Tensor tokens, Tensor? mask = null, Tensor? segments = null, ICollection<Tensor>? hiddenStates = null);

    /// <summary>A model of the same configuration, device, type and mode, with uninitialised weights.</summary>
    public BackboneModel CreateLike()
    {
        BackboneModel model = Config.CreateBackbone(Device, WeightType);
        LinearQuantization.CopyTo(this, model);
        ((IAdaptable)this).Attachments?.AttachTo(model);
        model.train(training);
        model.RecomputesActivations = RecomputesActivations;
        model.EmbeddingNoise = EmbeddingNoise;
        return model;
    }

    /// <summary>The hidden states of whole texts for a head that gives numbers for each text: virtual tokens are part of the text then, as in the reference.</summary>
    /// <returns>The hidden states, and the tokens and mask that they are of.</returns>
    internal (Tensor Hidden, Tensor Tokens, Tensor? Mask) ReadForHead(Tensor tokens, Tensor? mask, Tensor? segments)
    {
        if (Prompt?.Embeddings is null) return (ReadTexts(tokens, mask, segments), tokens, mask);
        // No token that a head looks for: neither padding nor an end.
        long other = Enumerable.Range(0, 3).First(id => id != Config.Padding && !Config.EndOfText.Contains(id));
        return (ReadWithPrompt(tokens, mask, segments), Prompt.Filled(tokens, other), Prompt.Mask(mask));
    }

    /// <summary><see cref="ReadTexts"/> with the hidden states of the virtual tokens.</summary>
    private protected abstract Tensor ReadWithPrompt(Tensor tokens, Tensor? mask, Tensor? segments);

    /// <summary>Gives the weights their initial values, by the family's published scheme.</summary>
    /// <param name="random">Where the draws come from.</param>
    public abstract void Initialize(RandomStream random);

    /// <summary>Frees an output head of the model's own that is not tied: a task's head takes its place, and checkpoints of such models have no other.</summary>
    internal virtual void DropHead()
    {
    }

    /// <summary>The head that is not tied to the embedding.</summary>
    /// <exception cref="InvalidOperationException">A task's head has taken its place.</exception>
    private protected static Linear Present(Linear? head) =>
        head ?? throw new InvalidOperationException("The model has no scores for tokens any more: it is below the head of a task. Load it as a language model to have them.");

    /// <summary>Takes a part out of the model and frees it.</summary>
    private protected void Free(string name, ref Linear? part)
    {
        register_module(name, null!);
        part?.Dispose();
        part = null;
    }

    /// <summary>Frees the weights, and what adapters keep beside them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) ((IAdaptable)this).Attachments?.Dispose();
        base.Dispose(disposing);
    }

    nn.Module IReplicable.CreateLike() => CreateLike();

    void IReplicable.Reseed(RandomStream dropout) => Random.Reseed(dropout);
}
