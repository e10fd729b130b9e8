using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>
/// A decoder with a head that scores the classes of a text: from the hidden state of its last token (Hugging Face's <c>...ForSequenceClassification</c>), or from the mean.
/// </summary>
public sealed class SequenceClassifier : nn.Module, IReplicable, ICheckpointModel
{
    private const string ScoreName = "score.weight";
    private readonly DecoderModel decoder;
    private readonly Linear score;

    /// <summary>Puts an uninitialised head on a decoder.</summary>
    /// <param name="decoder">The decoder; the classifier becomes its owner.</param>
    /// <param name="labels">Names of the classes; at least two.</param>
    /// <param name="pooling">What the head looks at; default: the last token, as Hugging Face has it.</param>
    public SequenceClassifier(DecoderModel decoder, IReadOnlyList<string> labels, Pooling pooling = Pooling.LastToken) : base(nameof(SequenceClassifier))
    {
        this.decoder = Require.NotNull(decoder);
        Pooling = pooling;
        Labels = Require.NotNull(labels);
        Require.Argument(labels.Count >= 2, $"A classifier needs at least two classes; received {labels.Count}.", nameof(labels));
        score = new Linear(decoder.Config.Width, labels.Count, hasBias: false, decoder.Device, decoder.WeightType);
        RegisterComponents();
        WeightNames = [.. decoder.WeightNames.Select(name => name with { Parameter = $"{nameof(decoder)}.{name.Parameter}" }), new(ScoreName, $"{nameof(score)}.weight")];
    }

    /// <summary>Names of the classes, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>What the head looks at.</summary>
    public Pooling Pooling { get; }

    /// <summary>The decoder.</summary>
    public DecoderModel Decoder => decoder;

    /// <inheritdoc/>
    public ModelConfig Config => decoder.Config with { Labels = Labels, Pooling = Pooling };

    /// <inheritdoc/>
    public ModelHead Head => ModelHead.SequenceClassification;

    /// <inheritdoc/>
    public IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public string? CanonicalName(string file) => file == ScoreName ? file : decoder.CanonicalName(file);

    /// <summary>Scores texts.</summary>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding, which stands on the right; null when nothing is padded.</param>
    /// <returns>[batch, labels].</returns>
    /// <remarks>
    /// The last token is the last one that differs from the configuration's padding id, as in Hugging Face; where the configuration has none, the last one that the mask allows.
    /// The mean goes over what the mask allows; without a mask, over what differs from the padding id.
    /// </remarks>
    public Tensor Forward(Tensor tokens, Tensor? mask = null)
    {
        // A causal decoder does not look to the right, where the padding stands: it needs no mask, and without one its attention is fused.
        Tensor hidden = decoder.Forward(tokens);                                                // [batch, sequence, width]
        int? padding = decoder.Config.Padding;
        return score.forward(Pooling == Pooling.Mean                                            // [batch, labels]
            ? SequencePooling.Mean(hidden, tokens, mask, padding)
            : SequencePooling.LastToken(hidden, tokens, mask, padding));
    }

    /// <summary>Draws the head from a normal distribution; the decoder stays as it is.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="standardDeviation">At least 0; default 0.02.</param>
    public void InitializeHead(RandomStream random, double standardDeviation = 0.02) => score.Initialize(random, standardDeviation);

    /// <summary>A classifier of the same shape, device, type and mode, with uninitialised weights.</summary>
    public SequenceClassifier CreateLike()
    {
        SequenceClassifier classifier = new(decoder.CreateLike(), Labels, Pooling);
        classifier.train(training);
        return classifier;
    }

    nn.Module IReplicable.CreateLike() => CreateLike();

    void IReplicable.Reseed(RandomStream dropout) => decoder.Random.Reseed(dropout);
}
