using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>A recurrent language model: embedding, layers, and a decoder with a bias, whose matrix may be the embedding (Press, Wolf, 2017).</summary>
public sealed class RecurrentLanguageModel : DecoderModel
{
    private readonly RecurrentStack stack;
    private readonly Parameter? decoderWeight;
    private readonly Parameter decoderBias;
    private readonly RecurrentConfig _config;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public RecurrentLanguageModel(RecurrentConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(RecurrentLanguageModel))
    {
        Require.NotNull(config).Validate();
        Require.Argument(config.IsLanguageModel, $"A {nameof(RecurrentLanguageModel)} needs a configuration with IsLanguageModel; received one without. Take a {nameof(RecurrentEncoder)}.", nameof(config));
        _config = config;
        stack = new RecurrentStack(config, Random, device, dtype);
        decoderWeight = config.TieEmbeddings ? null : Weights.Uninitialized(device, dtype, config.VocabularySize, config.Width);
        decoderBias = Weights.Uninitialized(device, dtype, config.VocabularySize);
        RegisterComponents();
        WeightNames = RecurrentWeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override RecurrentConfig Config => _config;

    /// <inheritdoc/>
    /// <remarks>A state is carried from token to token, and layers of it are read only once: true is refused.</remarks>
    public override bool RecomputesActivations
    {
        get => false;
        set => RecurrentStack.RefuseRecomputation(value);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => RecurrentWeightNames.Canonical(file, _config);

    /// <inheritdoc/>
    /// <remarks>
    /// Padding, on either side, changes no state. With a cache, what the mask says of earlier positions is not looked at: they are in the state already.
    /// Gradients do not reach the cache: to train from chunk to chunk, see <see cref="Read"/>.
    /// </remarks>
    protected override Tensor ForwardTokens(Tensor tokens, Tensor? mask, DecoderCache? cache, ICollection<Tensor>? hiddenStates, Tensor? documents)
    {
        Require.Argument(documents is null, "A recurrent model carries its state from token to token and cannot tell packed documents apart; received documents. Give each a row of its own.", nameof(documents));
        Require.Argument(cache is null or RecurrentState, $"This model needs a {nameof(RecurrentState)}; received a {cache?.GetType().Name}. Take the cache that the model's CreateCache gives.", nameof(cache));
        if (cache is RecurrentState given) return Read(given).Hidden;
        using RecurrentState zeros = Start(tokens);
        return Read(zeros).Hidden;

        (Tensor Hidden, Tensor) Read(RecurrentState state) => stack.Read(tokens, state, OfNew(mask, tokens, state), hiddenStates);
    }

    /// <summary>Reads a piece of text from where another ended: truncated backpropagation through time, whose gradients end at the border of pieces.</summary>
    /// <param name="tokens">[batch, sequence] int64, ids below the vocabulary size; each row goes on where the same row of the piece before ended.</param>
    /// <param name="from">What was carried out of the piece before, which stays as it is; null: the texts begin here.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding, which changes no state; null when nothing is padded.</param>
    /// <returns>Hidden states with gradients, and what to carry on.</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit; the message says how.</exception>
    public RecurrentOutput Read(Tensor tokens, RecurrentState? from = null, Tensor? mask = null)
    {
        RecurrentState state = from?.Clone() ?? Start(tokens);
        try
        {
            (Tensor hidden, Tensor states) = stack.Read(tokens, state, mask, hiddenStates: null);
            return new RecurrentOutput(hidden, states, state);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor hidden) => SummedProduct.Apply(Require.NotNull(hidden), decoderWeight ?? stack.Words, decoderBias);

    /// <inheritdoc/>
    /// <remarks>The state takes no more memory for more positions.</remarks>
    public override RecurrentState CreateCache(long batch, long capacity) => stack.CreateState(batch, Device, WeightType);

    /// <summary>
    /// Embedding and decoder evenly from -<see cref="RecurrentConfig.InitializerRange"/> to it, the padding row and the decoder's bias 0 (AWD-LSTM); layers evenly
    /// from -1 / sqrt(width) to 1 / sqrt(width) (torch).
    /// </summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        Require.NotNull(random);
        stack.Initialize(random);
        if (decoderWeight is not null) Initialization.Uniform(decoderWeight, random, _config.InitializerRange);
        Initialization.Constant(decoderBias, 0);
    }

    private RecurrentState Start(Tensor tokens) => CreateCache(Math.Max(1, Require.NotNull(tokens).size(0)), 1);

    /// <summary>The part of a mask over all positions that is about the new ones.</summary>
    private static Tensor? OfNew(Tensor? mask, Tensor tokens, RecurrentState state)
    {
        if (mask is null || state.Length == 0) return mask;
        long keys = state.Length + tokens.size(1);
        Require.Argument(mask.dim() == 2 && mask.size(1) == keys, $"mask must be [{tokens.size(0)}, {keys}] of Bool (cached positions included); received [{string.Join(", ", mask.shape)}] of {mask.dtype}.", nameof(mask));
        return mask.narrow(1, state.Length, tokens.size(1));
    }
}
