using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>The hidden state at the last end token of a text, a layer, tanh, and a layer that scores: what classifiers on encoder-decoders have.</summary>
public sealed class EndTokenHead : SequenceHead
{
    private const string FileName = "classification_head";
    private readonly Linear dense;
    private readonly Linear output;
    private readonly Dropout _dropout;
    private readonly double _deviation;
    private readonly int _end;

    /// <summary>Creates an uninitialised head.</summary>
    /// <param name="backbone">What it stands on; only its numbers and its dropout stream are looked at.</param>
    /// <param name="outputs">Numbers a text; at least 1.</param>
    /// <param name="dropout">Dropout before each layer; from 0 to less than 1.</param>
    /// <param name="standardDeviation">Of the initial weights; at least 0.</param>
    /// <exception cref="ArgumentException">The backbone's configuration names no end token.</exception>
    public EndTokenHead(BackboneModel backbone, int outputs, double dropout, double standardDeviation) : base(nameof(EndTokenHead))
    {
        ModelConfig config = Require.NotNull(backbone).Config;
        Require.Argument(config.EndOfText.Count > 0, $"A text is classified by its end token; the configuration of this {config.Family} names none. Set EndOfText.", nameof(backbone));
        (_end, _dropout, _deviation) = (config.EndOfText[0], new Dropout(dropout, backbone.Random), Require.NotNegative(standardDeviation));
        dense = new Linear(config.Width, config.Width, hasBias: true, backbone.Device, backbone.WeightType);
        output = new Linear(config.Width, outputs, hasBias: true, backbone.Device, backbone.WeightType);
        RegisterComponents();
        WeightTable weights = new();
        weights.Module(WeightKind.Output, $"{FileName}.dense", nameof(dense));
        weights.Module(WeightKind.Output, $"{FileName}.out_proj", nameof(output));
        WeightNames = weights;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A text has no end token.</exception>
    public override Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask)
    {
        Tensor isEnd = Require.NotNull(tokens).eq(_end);                                                       // [batch, sequence]
        Require.Argument(isEnd.any(1).all().item<bool>(), $"Every text must have the end token {_end}, by which it is classified; one has none. Let the tokenizer add it, and cut texts before it.", nameof(tokens));
        Tensor state = SequencePooling.LastToken(hidden, tokens, isEnd, padding: null);                        // [batch, width]
        Tensor inner = dense.forward(_dropout.Apply(state, training)).tanh();
        return output.forward(_dropout.Apply(inner, training));
    }

    /// <inheritdoc/>
    public override void Initialize(RandomStream random)
    {
        dense.Initialize(random, _deviation);
        output.Initialize(random, _deviation);
    }
}
