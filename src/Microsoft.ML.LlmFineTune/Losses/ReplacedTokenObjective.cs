using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// The loss of a detector of replaced tokens (Clark et al.: "ELECTRA", 2020): for every token that is not padding, whether it is the one that the text had. Reads <see cref="MaskedBatches"/>: a generator fills the hidden places
/// with tokens that it finds likely; without one, the tokens stand as the batch has them (take a masking whose selected tokens become random ones). Knows <see cref="ReplacedTokenDetector"/>s.
/// </summary>
/// <remarks>What the generator draws is a function of the row alone, so it does not depend on batches and replicas. The generator is not trained.</remarks>
public sealed class ReplacedTokenObjective : IObjective
{
    /// <summary>The metric of tokens that are judged rightly: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    private readonly MaskedLanguageModel? _generator;

    /// <summary>Creates the objective.</summary>
    /// <param name="generator">The model that fills hidden places; it is put into evaluation mode and stays the caller's. Null: nobody does.</param>
    public ReplacedTokenObjective(MaskedLanguageModel? generator = null)
    {
        _generator = generator;
        generator?.eval();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <summary>The number of tokens that are not padding.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Mask?.Count(real => real) ?? rows.Tokens.Length;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token is not in its vocabulary, or there is not one target a token.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        ReplacedTokenDetector detector = ModelInput.Expect<ReplacedTokenDetector>(model, nameof(ReplacedTokenObjective));
        BackboneModel backbone = detector.Backbone;
        ModelInput.CheckTargets(rows, rows.Tokens.Length, backbone.Config.VocabularySize);
        long[] given = _generator is null ? rows.Tokens : Filled(_generator, rows);
        float[] replaced = new float[given.Length], counts = new float[given.Length];
        for (int i = 0; i < given.Length; i++)
        {
            replaced[i] = rows.Targets[i] != TokenBatch.Ignored && rows.Targets[i] != given[i] ? 1 : 0;
            counts[i] = rows.Mask?[i] == false ? 0 : 1;
        }
        TokenBatch read = new(rows.Rows, rows.Length, given, rows.Targets, rows.Mask) { Segments = rows.Segments };
        Tensor scores = detector.Forward(ModelInput.Tokens(read, backbone), ModelInput.Mask(read, backbone), ModelInput.Segments(read, backbone)).reshape(-1);   // [rows * length]
        Tensor answers = tensor(replaced, device: scores.device), kept = tensor(counts, device: scores.device);
        metrics?.Add(Accuracy, (scores.gt(0).eq(answers.gt(0)).to(ScalarType.Float32) * kept).sum().item<float>(), Weight(rows));
        return (BinaryCrossEntropy.Each(scores, answers) * kept).sum();
    }

    /// <summary>The rows with their hidden places filled: one draw from the generator's distribution each.</summary>
    private static long[] Filled(MaskedLanguageModel generator, TokenBatch rows)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        BackboneModel backbone = generator.Backbone;
        TargetPlaces places = TargetPlaces.Of(rows, rows.Tokens.Length, backbone.Config.VocabularySize, backbone.Device);
        long[] filled = (long[])rows.Tokens.Clone();
        if (rows.TargetCount == 0) return filled;
        Tensor hidden = backbone.ReadTexts(ModelInput.Tokens(rows, backbone), ModelInput.Mask(rows, backbone), ModelInput.Segments(rows, backbone));
        Tensor upTo = generator.HeadModule.Forward(places.Select(hidden)).softmax(-1).cumsum(-1);   // [hidden places, vocabulary]
        Tensor draws = tensor(Draws(rows), device: upTo.device).unsqueeze(1);                       // [hidden places, 1]
        long[] chosen = [.. upTo.le(draws).sum(-1, type: ScalarType.Int64).clamp_max(backbone.Config.VocabularySize - 1).cpu().data<long>()];
        int next = 0;
        for (int i = 0; i < filled.Length; i++)
        {
            if (rows.Targets[i] != TokenBatch.Ignored) filled[i] = chosen[next++];
        }
        return filled;
    }

    private static float[] Draws(TokenBatch rows)
    {
        float[] draws = new float[rows.TargetCount];
        int next = 0;
        for (int row = 0; row < rows.Rows; row++)
        {
            BatchFingerprint key = default;
            Span<long> targets = rows.Targets.AsSpan(row * rows.Length, rows.Length);
            // Padding, which depends on the batch, is left out.
            for (int i = 0; i < rows.Length; i++)
            {
                if (rows.Mask?[(row * rows.Length) + i] != false) key.Add(rows.Tokens[(row * rows.Length) + i]);
            }
            RandomStream stream = new(key.Value);
            for (int i = 0; i < targets.Length; i++)
            {
                if (targets[i] != TokenBatch.Ignored) draws[next++] = stream.NextSingle();
            }
        }
        return draws;
    }
}
