using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>A recurrent model below a classifier's head: embedding and layers, which may read both ways (Schuster, Paliwal, 1997).</summary>
public sealed class RecurrentEncoder : EncoderModel
{
    private readonly RecurrentStack stack;
    private readonly RecurrentConfig _config;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public RecurrentEncoder(RecurrentConfig config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(RecurrentEncoder))
    {
        Require.NotNull(config).Validate();
        Require.Argument(!config.IsLanguageModel, $"A {nameof(RecurrentEncoder)} needs a configuration without IsLanguageModel; received one with it. Take a {nameof(RecurrentLanguageModel)}.", nameof(config));
        _config = config;
        stack = new RecurrentStack(config, Random, device, dtype);
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
    /// <remarks>Hidden states of padding are 0; the direction from the right begins at each row's last real token, as torch's packed sequences do.</remarks>
    protected override Tensor ReadTokens(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates)
    {
        (Tensor hidden, RecurrentState state) = ReadWhole(tokens, mask, segments, hiddenStates);
        state.Dispose();
        return hidden;
    }

    /// <summary>The hidden states of whole texts, and what each layer and direction knows at its end.</summary>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <returns>[batch, sequence, width], and a state that belongs to the caller.</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit; the message says how.</exception>
    public (Tensor Hidden, RecurrentState State) ReadToEnd(Tensor tokens, Tensor? mask = null) => ReadWhole(tokens, mask, segments: null, hiddenStates: null);

    /// <inheritdoc cref="RecurrentLanguageModel.Initialize"/>
    public override void Initialize(RandomStream random) => stack.Initialize(Require.NotNull(random));

    private (Tensor Hidden, RecurrentState State) ReadWhole(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates)
    {
        Require.NotNull(tokens);
        Require.Argument(segments is null, $"{_config.Family} does not tell the segments of a text apart; received segments. Leave them out.", nameof(segments));
        RecurrentState state = stack.CreateState(Math.Max(1, tokens.size(0)), Device, WeightType);
        try
        {
            return (stack.Read(tokens, state, mask, hiddenStates).Hidden, state);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }
}
