using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.T5;

/// <summary>The encoder of a <see cref="T5Model"/> alone (Hugging Face's T5EncoderModel): for classes of tokens, and as a source of embeddings. It reads checkpoints of whole models, too.</summary>
public sealed class T5EncoderModel : EncoderModel
{
    private readonly Embedding embedding;
    private readonly T5Stack encoder;
    private readonly T5Config _config;

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="config">Its shape, without a decoder.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public T5EncoderModel(T5Config config, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(T5EncoderModel))
    {
        Require.NotNull(config).Validate();
        Require.Argument(!config.HasDecoder, $"A {nameof(T5EncoderModel)} needs a configuration without a decoder; received one with it. Set HasDecoder to false.", nameof(config));
        _config = config;
        embedding = new Embedding(config.VocabularySize, config.Width, device, dtype);
        encoder = new T5Stack(config, config.EncoderLayers, isDecoder: false, Random, device, dtype);
        RegisterComponents();
        WeightNames = T5WeightNames.Table(config);
    }

    /// <inheritdoc/>
    public override T5Config Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override string? CanonicalName(string file) => T5WeightNames.Canonical(file, _config);

    internal override string HeadedPrefix(ModelHead task) => task == ModelHead.TokenClassification ? T5WeightNames.WrappedPrefix : "";

    /// <inheritdoc/>
    protected override Tensor ReadTokens(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates)
    {
        Require.Argument(segments is null, "T5 does not tell the segments of a text apart; received segments. Leave them out.", nameof(segments));
        using EncoderContext context = new(tokens, mask, training, maximumLength: null);
        return encoder.Forward(embedding.forward(tokens), context.Bias(Device, WeightType), Checkpoints, hiddenStates);
    }

    /// <summary>Draws the weights as <see cref="T5Model"/> does.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        embedding.Initialize(Require.NotNull(random), _config.InitializerFactor);
        encoder.Initialize(random);
    }
}
