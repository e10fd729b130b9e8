namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What is made of a pair's log-probabilities c (chosen) and r (rejected) where there is no reference; s is the logistic function, e the label smoothing.</summary>
public enum ReferenceFreeLossKind
{
    /// <summary>-(1 - e) log s(beta (c - r)) - e log s(-beta (c - r)): CPO (Xu et al., 2024), with <see cref="ReferenceFreePreferenceOptions.LikelihoodWeight"/> 1.</summary>
    Sigmoid = 0,

    /// <summary>max(0, 1 - beta (c - r)).</summary>
    Hinge = 1,

    /// <summary>(c - r - 1 / (2 beta))^2 on averages over tokens.</summary>
    Identity = 2,

    /// <summary>The sigmoid loss of beta (c - r) - gamma on averages over tokens: SimPO (Meng et al., 2024).</summary>
    Simple = 3,

    /// <summary>-beta log s(log odds of c - log odds of r) on averages over tokens: ORPO (Hong et al., 2024), with <see cref="ReferenceFreePreferenceOptions.LikelihoodWeight"/> 1.</summary>
    OddsRatio = 4,
}
