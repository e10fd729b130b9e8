using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>What checkpoints call the parts of a <see cref="VocabularyHead"/>.</summary>
/// <param name="Dense">The layer before the activation, for example "cls.predictions.transform.dense".</param>
/// <param name="Norm">The norm after it.</param>
/// <param name="Decoder">The layer that scores the vocabulary where it is not tied.</param>
/// <param name="Bias">The whole name of the scores' bias where the layer is tied.</param>
internal sealed record VocabularyHeadNames(string Dense, string Norm, string Decoder, string Bias);

/// <summary>Scores of the vocabulary for each token: a layer, an activation, a norm, and the token embedding with a bias of its own (Devlin et al., 2019).</summary>
public sealed class VocabularyHead : TokenHead
{
    private readonly Linear dense;
    private readonly LayerNorm norm;
    private readonly Linear? decoder;
    private readonly Parameter? bias;
    // A closure, so that the table is registered once, with the backbone.
    private readonly Func<Tensor>? _table;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly double _deviation;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers are looked at.</param>
    /// <param name="tableWidth">Size of a row of the token embedding.</param>
    /// <param name="table">The token embedding [vocabulary, tableWidth]; null: the head has a matrix of its own.</param>
    /// <param name="activation">A name that <see cref="Activation"/> knows.</param>
    /// <param name="epsilon">Of the norm.</param>
    /// <param name="names">What checkpoints call the parts.</param>
    /// <param name="standardDeviation">Of the initial weights; at least 0.</param>
    internal VocabularyHead(BackboneModel backbone, int tableWidth, Func<Tensor>? table, string activation, double epsilon, VocabularyHeadNames names, double standardDeviation) : base(nameof(VocabularyHead))
    {
        (Device device, ScalarType dtype, int vocabulary) = (backbone.Device, backbone.WeightType, backbone.Config.VocabularySize);
        (_table, _activation, _deviation) = (table, Activation.ByName(activation), Require.NotNegative(standardDeviation));
        dense = new Linear(backbone.Config.Width, tableWidth, hasBias: true, device, dtype);
        norm = new LayerNorm(tableWidth, epsilon, hasBias: true, device, dtype);
        if (table is null) decoder = new Linear(tableWidth, vocabulary, hasBias: true, device, dtype);
        else bias = Weights.Uninitialized(device, dtype, vocabulary);
        RegisterComponents();
        WeightTable weights = new();
        weights.Module(WeightKind.Output, names.Dense, nameof(dense));
        weights.Norm(names.Norm, nameof(norm));
        if (table is null) weights.Module(WeightKind.Output, names.Decoder, nameof(decoder));
        else weights.Add(WeightKind.Output, names.Bias, nameof(bias));
        WeightNames = weights;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden)
    {
        Tensor refined = norm.forward(_activation(dense.forward(hidden)));                                // [.., tableWidth]
        return decoder is not null ? decoder.forward(refined) : SummedProduct.Apply(refined, _table!(), bias);
    }

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        dense.Initialize(random, _deviation);
        norm.Initialize();
        decoder?.Initialize(random, _deviation);
        if (bias is not null) Initialization.Constant(bias, 0);
    }
}
