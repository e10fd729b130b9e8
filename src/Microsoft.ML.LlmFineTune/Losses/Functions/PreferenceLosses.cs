using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>The losses of <see cref="PreferenceLossKind"/>, by the formulas that TRL 1.16 has for them.</summary>
public static class PreferenceLosses
{
    // exp of more is not representable in float32 once it is multiplied.
    private const double LargestExponent = 80;

    /// <summary>The loss of each pair: all parts that the options name, with their factors.</summary>
    /// <param name="scores">The model's and the reference's scores of the pairs.</param>
    /// <param name="options">Which losses; checked.</param>
    /// <param name="chosenLikelihood">[pairs]: the log-probability of the chosen completions, a token of the batch (the sum of each pair divided by the batch's tokens a pair), for <see cref="PreferenceLossKind.ChosenLikelihood"/>; null: it is computed from <paramref name="scores"/>.</param>
    /// <returns>[pairs]; their mean is the loss.</returns>
    public static Tensor Each(PreferenceScores scores, PreferenceOptions options, Tensor? chosenLikelihood = null)
    {
        Require.NotNull(options).Validate();
        Tensor? sum = null;
        foreach ((PreferenceLossKind loss, double weight) in options.Losses)
        {
            Tensor part = loss == PreferenceLossKind.ChosenLikelihood
                ? (chosenLikelihood ?? (scores.Chosen.Sum / scores.Chosen.Length.mean())).neg()
                : Each(loss, scores, options);
            if (weight != 1) part = part * weight;
            sum = sum is null ? part : sum + part;
        }
        return sum!;
    }

    private static Tensor Each(PreferenceLossKind loss, PreferenceScores pairs, PreferenceOptions options)
    {
        (double beta, double smoothing) = (options.Beta, options.LabelSmoothing);
        (Tensor chosen, Tensor rejected) = (Score(pairs.ChosenRatio, options), Score(pairs.RejectedRatio, options));   // [pairs] each
        Tensor difference = chosen - rejected;                                                                          // [pairs]
        Tensor logits = beta * difference;
        switch (loss)
        {
            case PreferenceLossKind.Sigmoid:
                return Smoothed(logits, smoothing);
            case PreferenceLossKind.Hinge:
                return (1 - logits).relu();
            case PreferenceLossKind.Identity:
                return ((chosen / pairs.Chosen.Length) - (rejected / pairs.Rejected.Length) - (0.5 / beta)).square();
            case PreferenceLossKind.Robust:
                return (((1 - smoothing) * F.logsigmoid(logits).neg()) + (smoothing * F.logsigmoid(logits.neg()))) / (1 - (2 * smoothing));
            case PreferenceLossKind.ExactPair:
                return (logits.sigmoid() * (F.logsigmoid(logits) - Math.Log(1 - smoothing))) + (logits.neg().sigmoid() * (F.logsigmoid(logits.neg()) - Math.Log(smoothing)));
            case PreferenceLossKind.NoiseContrastivePair:
                return (F.logsigmoid(beta * chosen) + (0.5 * F.logsigmoid(-beta * chosen)) + (0.5 * F.logsigmoid(-beta * rejected))).neg();
            case PreferenceLossKind.BinaryPair:
                return (F.logsigmoid(beta * chosen) + F.logsigmoid(-beta * rejected)).neg();
            case PreferenceLossKind.SelfPlayHard:
                return (chosen - (0.5 / beta)).square() + (rejected + (0.5 / beta)).square();
            case PreferenceLossKind.AnchoredZero:
                return 1 - (beta * pairs.ChosenRatio).sigmoid() + (beta * pairs.RejectedRatio).sigmoid();
            case PreferenceLossKind.AnchoredDown:
                return (beta * pairs.ChosenRatio).sigmoid() + 1 - logits.sigmoid();
            case PreferenceLossKind.OptimalTransport:
                return Smoothed(beta * (Sorted(pairs.Chosen.Sum - pairs.Rejected.Sum) - Sorted(pairs.ReferenceChosen - pairs.ReferenceRejected)), smoothing);
            case PreferenceLossKind.OptimalTransportUnpaired:
                return Smoothed(beta * (Sorted(pairs.ChosenRatio) - Sorted(pairs.RejectedRatio)), smoothing);
            case PreferenceLossKind.Discovered:
                Tensor modulation = (logits / options.DiscoveredTemperature).sigmoid();
                return (modulation * logits.neg().exp()) - ((1 - modulation) * F.logsigmoid(logits));
            case PreferenceLossKind.SigmoidOfAverages:
                return F.logsigmoid(beta * ((chosen / pairs.Chosen.Length) - (rejected / pairs.Rejected.Length))).neg();
            default:
                throw new ArgumentOutOfRangeException(nameof(loss), loss, $"There is no loss {loss}.");
        }
    }

    /// <summary>-(1 - e) log s(x) - e log s(-x).</summary>
    internal static Tensor Smoothed(Tensor logits, double smoothing)
    {
        Tensor clean = F.logsigmoid(logits).neg();
        return smoothing == 0 ? clean : ((1 - smoothing) * clean) - (smoothing * F.logsigmoid(logits.neg()));
    }

    private static Tensor Score(Tensor ratio, PreferenceOptions options)
    {
        double exponent = options.DivergenceAlpha - 1;
        return options.Divergence switch
        {
            PreferenceDivergence.ForwardKullbackLeibler => ratio.neg().exp().neg(),
            PreferenceDivergence.JensenShannon => F.logsigmoid(ratio),
            // Towards 1 it becomes the ratio itself, up to a constant that cancels.
            PreferenceDivergence.Alpha when Math.Abs(exponent) >= 1e-6 => (ratio * exponent).clamp_max(LargestExponent).exp() / exponent,
            _ => ratio,
        };
    }

    private static Tensor Sorted(Tensor values) => values.sort(0).Values;
}
