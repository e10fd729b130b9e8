using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>
/// A language model that reads from left to right. Its weights are plain parameters; constructing it draws no random numbers:
/// <see cref="Initialize"/> or a checkpoint fills the weights.
/// </summary>
public abstract class DecoderModel : nn.Module, IReplicable, ICheckpointModel
{
    // Whoever begins with a model has touched nothing native before.
    static DecoderModel() => NativeRuntime.Initialize();

    /// <summary>For the families.</summary>
    protected DecoderModel(string name) : base(name)
    {
    }

    /// <summary>The numbers that fix the model's shape.</summary>
    public abstract ModelConfig Config { get; }

    /// <summary>Where this instance's dropout draws from.</summary>
    public ModelRandom Random { get; } = new();

    /// <inheritdoc/>
    public ModelHead Head => ModelHead.NextToken;

    /// <inheritdoc/>
    public abstract IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public abstract string? CanonicalName(string file);

    /// <summary>Device of the weights.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Device Device => Weights.FirstOf(this).device;

    /// <summary>Type of the weights.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public ScalarType WeightType => Weights.FirstOf(this).dtype;

    /// <summary>How many numbers the weights are; shared ones are counted once.</summary>
    public long ParameterCount => parameters().Sum(parameter => parameter.numel());

    /// <summary>Reads tokens.</summary>
    /// <param name="tokens">[batch, sequence] int64, ids below the vocabulary size.</param>
    /// <param name="mask">[batch, cached + sequence] bool, false for padding on either side; null when nothing is padded. Hidden states at padding mean nothing.</param>
    /// <param name="cache">Keys and values of earlier positions, from <see cref="CreateCache"/>; the new ones are added. Null: the tokens are all there is.</param>
    /// <param name="hiddenStates">Receives the input of the first layer and the output of every layer (the last one after the final norm); null: nobody wants them.</param>
    /// <returns>[batch, sequence, width].</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit; the message says how.</exception>
    public abstract Tensor Forward(Tensor tokens, Tensor? mask = null, KvCache? cache = null, ICollection<Tensor>? hiddenStates = null);

    /// <summary>Scores for the token that follows each position.</summary>
    /// <param name="hidden">[.., width], from <see cref="Forward"/>.</param>
    /// <returns>[.., vocabulary].</returns>
    public abstract Tensor Logits(Tensor hidden);

    /// <summary>A cache for inference with this model, on its device.</summary>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Positions; at most the model's maximal length is ever used.</param>
    public abstract KvCache CreateCache(long batch, long capacity);

    /// <summary>A model of the same configuration, device, type and mode, with uninitialised weights.</summary>
    public abstract DecoderModel CreateLike();

    /// <summary>Gives the weights their initial values.</summary>
    /// <param name="random">Where the draws come from.</param>
    public abstract void Initialize(RandomStream random);

    nn.Module IReplicable.CreateLike() => CreateLike();

    void IReplicable.Reseed(RandomStream dropout) => Random.Reseed(dropout);
}
