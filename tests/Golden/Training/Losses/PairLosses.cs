using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using static TorchSharp.torch;

namespace Golden.Training.Losses;

/// <summary>
/// Preferences, on given log-probabilities of tokens: the first half of the rows is chosen, the second rejected; for KTO a row is one completion.
/// Gradients are compared inside the completions: outside, where the inputs are 0, the reference's sums leave a gradient that means nothing.
/// </summary>
internal static class PairLosses
{
    public static LossAnswer Compute(LossCase c) => (c.Kind switch
    {
        "kto" => Unpaired(c),
        "cpo" or "orpo" => ReferenceFree(c),
        _ => Paired(c),
    }) with { GradientMask = Mask(c) };

    private static LossAnswer Paired(LossCase c)
    {
        var options = PairedOptions(c.Kind == "dpo_conservative", c.Option);
        var (policy, reference, kept) = (Halves(c.Numbers("policy")), Halves(c.Numbers("reference")), Halves(Mask(c)));
        var (chosen, rejected) = CompletionScores.OfPairs(policy.First, policy.Second, kept.First, kept.Second, options.TailWeight);
        var (ofChosen, ofRejected) = CompletionScores.OfPairs(reference.First, reference.Second, kept.First, kept.Second, options.TailWeight);
        var whole = CompletionScores.Of(policy.First, kept.First);
        var scores = new PreferenceScores(chosen, rejected, ofChosen.Sum, ofRejected.Sum);
        var metrics = new MetricSums();
        PreferenceMetrics.Add(metrics, options.Beta * scores.ChosenRatio, options.Beta * scores.RejectedRatio, chosen.Sum, rejected.Sum);
        return new(PreferenceLosses.Each(scores, options, whole.Sum / whole.Length.mean()).mean())
        {
            Metrics = metrics.Means(),
            // TRL has the logarithms of this loss's smoothing, and the powers of this divergence, in float32.
            DoubleTolerance = options.Divergence == PreferenceDivergence.Alpha ? 1e-6 : options.Losses.Any(part => part.Loss == PreferenceLossKind.ExactPair) ? 1e-7 : 1e-9,
        };
    }

    /// <summary>TRL's options of a loss against a reference.</summary>
    public static PreferenceOptions PairedOptions(bool isConservative, Func<string, JsonElement> option)
    {
        double Number(string name, double otherwise) => option(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.ToDouble() : otherwise;
        var kinds = new[] { option("loss_types"), option("loss_type") }.FirstOrDefault(given => given.IsGiven()) switch
        {
            { ValueKind: JsonValueKind.Array } several => several.ToTexts(),
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            _ => ["sigmoid"],
        };
        var weights = option("loss_weights") is { ValueKind: JsonValueKind.Array } given ? given.ToDoubles() : [.. kinds.Select(_ => 1.0)];
        var smoothing = Number("label_smoothing", 0);
        // TRL's own sigmoid does not smooth; "conservative" is the formula that does.
        var smooths = isConservative || kinds.Any(kind => kind is "robust" or "exo_pair" or "aot" or "aot_unpaired");
        return new()
        {
            Loss = Kind(kinds[0]), LossWeight = weights[0], AddedLosses = [.. kinds.Skip(1).Select((kind, i) => (Kind(kind), weights[i + 1]))],
            Beta = Number("beta", 0.1), LabelSmoothing = smooths ? smoothing : 0, TailWeight = Number("ld_alpha", 1), DiscoveredTemperature = Number("discopop_tau", 0.05),
            DivergenceAlpha = Number("f_alpha_divergence_coef", 0.5),
            Divergence = (option("f_divergence_type").IsGiven() ? option("f_divergence_type").GetString() : null) switch
            {
                null or "reverse_kl" => PreferenceDivergence.ReverseKullbackLeibler,
                "forward_kl" => PreferenceDivergence.ForwardKullbackLeibler,
                "js_divergence" => PreferenceDivergence.JensenShannon,
                "alpha_divergence" => PreferenceDivergence.Alpha,
                var other => throw new UnsupportedException($"there is no divergence {other}"),
            },
        };
    }

    private static PreferenceLossKind Kind(string name) => name switch
    {
        "sigmoid" => PreferenceLossKind.Sigmoid,
        "hinge" => PreferenceLossKind.Hinge,
        "ipo" => PreferenceLossKind.Identity,
        "robust" => PreferenceLossKind.Robust,
        "exo_pair" => PreferenceLossKind.ExactPair,
        "nca_pair" => PreferenceLossKind.NoiseContrastivePair,
        "bco_pair" => PreferenceLossKind.BinaryPair,
        "sppo_hard" => PreferenceLossKind.SelfPlayHard,
        "apo_zero" => PreferenceLossKind.AnchoredZero,
        "apo_down" => PreferenceLossKind.AnchoredDown,
        "aot" => PreferenceLossKind.OptimalTransport,
        "aot_unpaired" => PreferenceLossKind.OptimalTransportUnpaired,
        "discopop" => PreferenceLossKind.Discovered,
        "sigmoid_norm" => PreferenceLossKind.SigmoidOfAverages,
        "sft" => PreferenceLossKind.ChosenLikelihood,
        _ => throw new UnsupportedException($"there is no loss {name}"),
    };

    private static LossAnswer Unpaired(LossCase c)
    {
        var (policy, reference, kept) = (c.Numbers("policy"), c.Numbers("reference"), Mask(c));
        var (model, other) = (CompletionScores.Of(policy, kept), CompletionScores.Of(reference, kept));
        var (ofModel, ofReference) = (c.Numbers("kl_policy").sum(1), c.Numbers("kl_reference").sum(1));
        var (beta, wanted) = (c.Option("beta", 0.1), c.Integers("labels").eq(1));
        var divergence = c.Option("loss_type", "kto") switch
        {
            "kto" => UnpairedPreferenceLosses.Divergence(ofModel, ofReference),
            "apo_zero_unpaired" => null,
            var name => throw new UnsupportedException($"there is no loss {name}"),
        };
        var ratio = model.Sum - other.Sum;
        var losses = UnpairedPreferenceLosses.Each(ratio, wanted, divergence, beta, c.Option("desirable_weight", 1.0), c.Option("undesirable_weight", 1.0));
        var metrics = new MetricSums();
        PreferenceMetrics.AddUnpaired(metrics, wanted, beta * ratio, model.Sum);
        // Of what is not in the batch nothing is known.
        Dictionary<string, double> means = new()
        {
            [PreferenceMetrics.ChosenReward] = double.NaN, [PreferenceMetrics.ChosenLogProbability] = double.NaN,
            [PreferenceMetrics.RejectedReward] = double.NaN, [PreferenceMetrics.RejectedLogProbability] = double.NaN,
        };
        foreach (var (name, value) in metrics.Means()) means[name] = value;
        means[PreferenceMetrics.Divergence] = divergence?.to(ScalarType.Float64).item<double>() ?? 0;
        means[PreferenceMetrics.Margin] = means[PreferenceMetrics.ChosenReward] - means[PreferenceMetrics.RejectedReward];
        return new(losses.mean()) { Metrics = means };
    }

    private static LossAnswer ReferenceFree(LossCase c)
    {
        var isOdds = c.Kind == "orpo";
        var options = ReferenceFreeOptions(isOdds, c.Option);
        var (policy, kept) = (Halves(c.Numbers("policy")), Halves(Mask(c)));
        var (chosen, rejected) = (CompletionScores.Of(policy.First, kept.First), CompletionScores.Of(policy.Second, kept.Second));
        var losses = ReferenceFreeLosses.Each(chosen, rejected, options);
        var likelihood = chosen.Sum / chosen.Length.mean();
        var (rewards, others) = (ReferenceFreeLosses.Rewards(chosen, options), ReferenceFreeLosses.Rewards(rejected, options));
        var answer = new LossAnswer((losses - (options.LikelihoodWeight * likelihood)).mean()) { Outputs = { ["chosen_rewards"] = rewards, ["rejected_rewards"] = others } };
        if (isOdds)
        {
            var odds = ReferenceFreeLosses.LogOddsRatio(chosen, rejected);
            (answer.Outputs["nll"], answer.Outputs["log_odds_ratio"], answer.Outputs["log_odds_chosen"]) = (likelihood.mean().neg(), odds.sigmoid().log().mean(), odds.mean());
        }
        else
        {
            (answer.Outputs["losses"], answer.Outputs["accuracy"], answer.Outputs["margin"]) = (losses, rewards.gt(others).to(losses.dtype).mean(), (rewards - others).mean());
        }
        return answer;
    }

    /// <summary>TRL's options of a loss without a reference.</summary>
    public static ReferenceFreePreferenceOptions ReferenceFreeOptions(bool isOdds, Func<string, JsonElement> option)
    {
        double Number(string name, double otherwise) => option(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.ToDouble() : otherwise;
        var kind = isOdds ? ReferenceFreeLossKind.OddsRatio : (option("loss_type").IsGiven() ? option("loss_type").GetString() : null) switch
        {
            null or "sigmoid" => ReferenceFreeLossKind.Sigmoid,
            "hinge" => ReferenceFreeLossKind.Hinge,
            "ipo" => ReferenceFreeLossKind.Identity,
            "simpo" => ReferenceFreeLossKind.Simple,
            var other => throw new UnsupportedException($"there is no loss {other}"),
        };
        // TRL's other losses do not smooth, whatever it is told.
        var smoothing = Number("label_smoothing", 0);
        return new ReferenceFreePreferenceOptions
        {
            Loss = kind, Beta = Number("beta", 0.1), Margin = Number("gamma", Number("simpo_gamma", 0.5)), LikelihoodWeight = isOdds ? 1 : Number("cpo_alpha", 1),
            LabelSmoothing = kind is ReferenceFreeLossKind.Sigmoid or ReferenceFreeLossKind.Simple ? smoothing : 0,
        };
    }

    private static Tensor Mask(LossCase c)
    {
        var whole = c.Fixture.Root.GetProperty("completion_mask").ReadTensor(ScalarType.Int64);
        return whole.narrow(1, 1, whole.size(1) - 1).ne(0);
    }

    private static (Tensor First, Tensor Second) Halves(Tensor rows) => (rows.narrow(0, 0, rows.size(0) / 2), rows.narrow(0, rows.size(0) / 2, rows.size(0) / 2));
}
