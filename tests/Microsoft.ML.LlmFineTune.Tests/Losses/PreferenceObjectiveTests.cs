using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

public sealed class PreferenceObjectiveTests
{
    private static readonly TokenRow[] Pairs = [.. PreferenceRows.OfPair([3, 4], [5, 6, 2], [7, 2]), .. PreferenceRows.OfPair([8], [9, 2], [10, 11, 12, 2]), .. PreferenceRows.OfPair([3, 9, 4], [13, 14, 2], [15, 16, 2])];

    public PreferenceObjectiveTests() => NativeRuntime.Initialize();

    [Fact]
    public void A_model_that_is_its_reference_has_the_loss_of_a_coin()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = TinyModels.Decoder(), reference = TinyModels.Decoder();
        MetricSums metrics = new();
        PreferenceObjective objective = new(reference);
        TokenBatch batch = PaddedRows.Of(Pairs, 0, 2);
        Assert.Equal(3 * Math.Log(2), objective.SummedLoss(model, batch, metrics).item<float>(), 1e-5);
        Assert.Equal(3, objective.Weight(batch));
        Assert.Equal((0, 0, 0), (metrics.Means()[PreferenceMetrics.ChosenReward], metrics.Means()[PreferenceMetrics.RejectedReward], metrics.Means()[PreferenceMetrics.Accuracy]));
        // What is reported as log-probability is that of the completion's tokens one by one.
        double byHand = 0;
        foreach (TokenRow row in Pairs.Where((_, i) => i % 2 == 0))
        {
            Tensor scores = model.Logits(model.Forward(tensor(row.Tokens.Select(token => (long)token).ToArray(), [1, row.Tokens.Length]))).log_softmax(-1).squeeze(0);
            for (int i = 0; i < row.Targets.Length; i++)
            {
                if (row.Targets[i] != TokenBatch.Ignored) byHand += scores[i, row.Targets[i]].item<float>();
            }
        }
        Assert.Equal(byHand / 3, metrics.Means()[PreferenceMetrics.ChosenLogProbability], 1e-4);
    }

    [Fact]
    public void Log_probabilities_that_were_computed_before_do_as_well_as_the_reference()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = TinyModels.Decoder(), reference = TinyModels.Decoder(9);
        TokenBatch told = PaddedRows.Of(ReferenceLogProbabilities.AddTo(reference, Pairs, 0, rowsAtOnce: 4), 0, 2), plain = PaddedRows.Of(Pairs, 0, 2);
        foreach (PreferenceOptions options in (PreferenceOptions[])[new(), new() { TailWeight = 0.3 }, new() { Loss = PreferenceLossKind.Identity }])
            Assert.Equal(new PreferenceObjective(reference, options).SummedLoss(model, plain).item<float>(), new PreferenceObjective(null, options).SummedLoss(model, told).item<float>(), 1e-5f);
        Assert.Contains("needs a reference model, or rows with its log-probabilities", Message(() => new PreferenceObjective(null).SummedLoss(model, plain)), StringComparison.Ordinal);
        Assert.Contains("must be another model", Message(() => new PreferenceObjective(model).SummedLoss(model, plain)), StringComparison.Ordinal);
    }

    [Fact]
    public void Single_completions_are_held_against_the_divergence()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = TinyModels.Decoder(), reference = TinyModels.Decoder(9);
        TokenRow[] rows = PreferenceRows.OfSingles([([3, 4], [5, 6, 2], true), ([8], [9, 2], false), ([3], [10, 11, 2], true)]);
        TokenBatch batch = PaddedRows.Of(rows, 0, 2);
        MetricSums metrics = new(), none = new();
        float kto = new UnpairedPreferenceObjective(reference).SummedLoss(model, batch, metrics).item<float>();
        float zero = new UnpairedPreferenceObjective(reference, new() { EstimatesDivergence = false }).SummedLoss(model, batch, none).item<float>();
        double divergence = metrics.Means()[PreferenceMetrics.Divergence];
        Assert.True(divergence >= 0);
        Assert.Equal(0, none.Means()[PreferenceMetrics.Divergence]);
        Assert.Equal(divergence > 0, kto != zero);
        Assert.Equal(metrics.Means()[PreferenceMetrics.ChosenReward], none.Means()[PreferenceMetrics.ChosenReward]);
        TokenBatch told = PaddedRows.Of(ReferenceLogProbabilities.AddTo(reference, rows, 0), 0, 2);
        Assert.Equal(kto, new UnpairedPreferenceObjective(null).SummedLoss(model, told).item<float>(), 1e-5f);
    }

    [Fact]
    public void Rows_that_are_no_pairs_are_refused()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = TinyModels.Decoder(), reference = TinyModels.Decoder();
        Assert.Contains("needs two rows a unit, side by side; received 1", Message(() => new PreferenceObjective(reference).SummedLoss(model, PaddedRows.Of(Pairs, 0))), StringComparison.Ordinal);
        TokenRow empty = new([1, 2], [-100, -100]);
        Assert.Contains("row 1 of the batch has none", Message(() => new ReferenceFreePreferenceObjective().SummedLoss(model, PaddedRows.Of([Pairs[0], empty], 0, 2))), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_have_their_defaults_and_ranges()
    {
        PreferenceOptions paired = new();
        Assert.Equal((PreferenceLossKind.Sigmoid, 1.0, 0.1, 0.0, PreferenceDivergence.ReverseKullbackLeibler, 0.5, 1.0, 0.05), (paired.Loss, paired.LossWeight, paired.Beta, paired.LabelSmoothing, paired.Divergence, paired.DivergenceAlpha, paired.TailWeight, paired.DiscoveredTemperature));
        Assert.Empty(paired.AddedLosses);
        Refused((paired with { Beta = 0 }).Validate, (paired with { LabelSmoothing = 0.5 }).Validate, (paired with { TailWeight = 1.5 }).Validate, (paired with { DiscoveredTemperature = 0 }).Validate, (paired with { Loss = (PreferenceLossKind)99 }).Validate,
            (paired with { LossWeight = double.NaN }).Validate, (paired with { Loss = PreferenceLossKind.ExactPair }).Validate, (paired with { Loss = PreferenceLossKind.Hinge, LabelSmoothing = 0.1 }).Validate, (paired with { Divergence = (PreferenceDivergence)9 }).Validate, (paired with { DivergenceAlpha = double.NaN }).Validate);
        ReferenceFreePreferenceOptions free = new();
        Assert.Equal((ReferenceFreeLossKind.Sigmoid, 0.1, 0.5, 1.0, 0.0), (free.Loss, free.Beta, free.Margin, free.LikelihoodWeight, free.LabelSmoothing));
        Refused((free with { Beta = -1 }).Validate, (free with { Margin = -1 }).Validate, (free with { LikelihoodWeight = -1 }).Validate, (free with { Loss = ReferenceFreeLossKind.Hinge, LabelSmoothing = 0.1 }).Validate, (free with { Loss = (ReferenceFreeLossKind)99 }).Validate);
        UnpairedPreferenceOptions single = new();
        Assert.Equal((0.1, 1.0, 1.0, true), (single.Beta, single.WantedWeight, single.UnwantedWeight, single.EstimatesDivergence));
        Refused((single with { Beta = 0 }).Validate, (single with { WantedWeight = -1 }).Validate, (single with { UnwantedWeight = double.NaN }).Validate);

        static void Refused(params Action[] validations)
        {
            foreach (Action validate in validations) Assert.ThrowsAny<ArgumentException>(validate);
        }
    }

    private static string Message(Action act) => Assert.Throws<ArgumentException>(act).Message;
}
