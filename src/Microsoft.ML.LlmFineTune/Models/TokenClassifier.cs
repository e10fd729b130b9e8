using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A decoder with a head that scores the classes of each token from its hidden state (Hugging Face's <c>...ForTokenClassification</c>). A token's class depends on what stands before it, not on what follows.</summary>
public sealed class TokenClassifier : nn.Module, IReplicable, ICheckpointModel
{
    private const string Prefix = "classifier.";
    private readonly DecoderModel decoder;
    private readonly Linear classifier;
    private readonly Dropout _dropout;

    /// <summary>Puts an uninitialised head on a decoder.</summary>
    /// <param name="decoder">The decoder; the classifier becomes its owner.</param>
    /// <param name="labels">Names of the classes; at least two.</param>
    public TokenClassifier(DecoderModel decoder, IReadOnlyList<string> labels) : base(nameof(TokenClassifier))
    {
        this.decoder = Require.NotNull(decoder);
        Labels = Require.NotNull(labels);
        Require.Argument(labels.Count >= 2, $"A classifier needs at least two classes; received {labels.Count}.", nameof(labels));
        classifier = new Linear(decoder.Config.Width, labels.Count, hasBias: true, decoder.Device, decoder.WeightType);
        _dropout = new Dropout(decoder.Config.ClassifierDropout, decoder.Random);
        RegisterComponents();
        WeightNames =
        [
            .. decoder.WeightNames.Select(name => name with { Parameter = $"{nameof(decoder)}.{name.Parameter}" }),
            new($"{Prefix}weight", $"{nameof(classifier)}.weight"),
            new($"{Prefix}bias", $"{nameof(classifier)}.bias"),
        ];
    }

    /// <summary>Names of the classes, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The decoder.</summary>
    public DecoderModel Decoder => decoder;

    /// <inheritdoc/>
    public ModelConfig Config => decoder.Config with { Labels = Labels };

    /// <inheritdoc/>
    public ModelHead Head => ModelHead.TokenClassification;

    /// <inheritdoc/>
    public IReadOnlyList<WeightName> WeightNames { get; }

    /// <inheritdoc/>
    public string? CanonicalName(string file) => file.StartsWith(Prefix, StringComparison.Ordinal) ? file : decoder.CanonicalName(file);

    /// <summary>Scores tokens.</summary>
    /// <param name="tokens">[batch, sequence] int64; padding stands on the right, where a causal decoder does not look.</param>
    /// <returns>[batch, sequence, labels].</returns>
    public Tensor Forward(Tensor tokens) =>
        classifier.forward(_dropout.Apply(decoder.Forward(tokens), training));   // from [batch, sequence, width]

    /// <summary>Draws the head from a normal distribution; the decoder stays as it is.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="standardDeviation">At least 0; default 0.02.</param>
    public void InitializeHead(RandomStream random, double standardDeviation = 0.02) => classifier.Initialize(random, standardDeviation);

    /// <summary>A classifier of the same shape, device, type and mode, with uninitialised weights.</summary>
    public TokenClassifier CreateLike()
    {
        TokenClassifier like = new(decoder.CreateLike(), Labels);
        like.train(training);
        return like;
    }

    nn.Module IReplicable.CreateLike() => CreateLike();

    void IReplicable.Reseed(RandomStream dropout) => decoder.Random.Reseed(dropout);
}
