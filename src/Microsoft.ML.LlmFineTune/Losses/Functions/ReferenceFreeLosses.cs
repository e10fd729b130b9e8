using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>The losses of <see cref="ReferenceFreeLossKind"/>, by the formulas that TRL 1.16 has for them.</summary>
public static class ReferenceFreeLosses
{
    /// <summary>The loss of each pair, likelihood left out.</summary>
    /// <param name="chosen">Scores of the completions that are preferred; [pairs] each.</param>
    /// <param name="rejected">Scores of the others.</param>
    /// <param name="options">Which loss; checked.</param>
    /// <returns>[pairs]; their mean is the loss.</returns>
    public static Tensor Each(CompletionScores chosen, CompletionScores rejected, ReferenceFreePreferenceOptions options)
    {
        Require.NotNull(options).Validate();
        double beta = options.Beta;
        return options.Loss switch
        {
            ReferenceFreeLossKind.Sigmoid => PreferenceLosses.Smoothed(beta * (chosen.Sum - rejected.Sum), options.LabelSmoothing),
            ReferenceFreeLossKind.Hinge => (1 - (beta * (chosen.Sum - rejected.Sum))).relu(),
            ReferenceFreeLossKind.Identity => (chosen.Average - rejected.Average - (0.5 / beta)).square(),
            ReferenceFreeLossKind.Simple => PreferenceLosses.Smoothed((beta * (chosen.Average - rejected.Average)) - options.Margin, options.LabelSmoothing),
            _ => F.logsigmoid(LogOddsRatio(chosen, rejected)) * -beta,
        };
    }

    /// <summary>The reward that the loss implies for each completion: beta times what it looks at, the sum or the average of the log-probabilities.</summary>
    /// <param name="completions">[rows] each.</param>
    /// <param name="options">Which loss.</param>
    /// <returns>[rows], without a gradient.</returns>
    public static Tensor Rewards(CompletionScores completions, ReferenceFreePreferenceOptions options) =>
        (Require.NotNull(options).Loss is ReferenceFreeLossKind.Sigmoid or ReferenceFreeLossKind.Hinge ? completions.Sum : completions.Average).detach() * options.Beta;

    /// <summary>How much greater the odds p / (1 - p) of the chosen completion are than those of the rejected one, as a logarithm, p being the geometric mean over the tokens.</summary>
    /// <param name="chosen">[pairs] each.</param>
    /// <param name="rejected">[pairs] each.</param>
    /// <returns>[pairs].</returns>
    public static Tensor LogOddsRatio(CompletionScores chosen, CompletionScores rejected) =>
        chosen.Average - rejected.Average - (LogOfRest(chosen.Average) - LogOfRest(rejected.Average));

    /// <summary>log(1 - e^x) for negative x, exact near 0 and far from it (Maechler, 2012).</summary>
    private static Tensor LogOfRest(Tensor logProbability)
    {
        // Each branch sees only its own numbers, so that the one not taken sends no infinity back.
        Tensor isNear = logProbability.gt(-Ln2);
        Tensor near = where(isNear, logProbability.clamp_max(-Smallest), full_like(logProbability, -1));
        Tensor far = where(isNear, full_like(logProbability, -1), logProbability);
        return where(isNear, near.expm1().neg().log(), far.exp().neg().log1p());
    }

    private const double Ln2 = 0.6931471805599453;
    private const double Smallest = 1e-7;
}
