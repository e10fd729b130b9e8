using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Linear = Microsoft.ML.LlmFineTune.Layers.Linear;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>The mean of the hidden states of each row's real tokens, and a linear layer on it.</summary>
public sealed class RecurrentClassifierHead : SequenceHead
{
    private readonly Linear classifier;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers are looked at.</param>
    /// <param name="outputs">Numbers a text; at least 1.</param>
    public RecurrentClassifierHead(BackboneModel backbone, int outputs) : base(nameof(RecurrentClassifierHead))
    {
        Require.NotNull(backbone);
        classifier = new Linear(backbone.Config.Width, outputs, hasBias: true, backbone.Device, backbone.WeightType);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; } =
        [new($"{RecurrentWeightNames.Classifier}.weight", "classifier.weight", WeightKind.Output), new($"{RecurrentWeightNames.Classifier}.bias", "classifier.bias", WeightKind.Output)];

    /// <inheritdoc/>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask) => classifier.forward(SequencePooling.Mean(hidden, tokens, mask, padding: null));

    /// <summary>Draws every weight evenly from -1 / sqrt(width) to 1 / sqrt(width), as torch does.</summary>
    /// <param name="random">Where the draws come from.</param>
    public override void Initialize(RandomStream random)
    {
        double bound = 1 / Math.Sqrt(classifier.InputWidth);
        foreach (Parameter parameter in (Parameter[])[classifier.Weight, classifier.Bias!]) Initialization.Uniform(parameter, random, bound);
    }
}
