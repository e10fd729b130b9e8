namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What is made of a pair's log-ratios c (chosen) and r (rejected) against the reference; s is the logistic function, d = c - r (of the divergence's scores), e the label smoothing.</summary>
public enum PreferenceLossKind
{
    /// <summary>-(1 - e) log s(beta d) - e log s(-beta d): DPO (Rafailov et al., 2023), with smoothing conservative DPO.</summary>
    Sigmoid = 0,

    /// <summary>max(0, 1 - beta d): SLiC (Zhao et al., 2023) and RSO (Liu et al., 2024).</summary>
    Hinge = 1,

    /// <summary>(c / tokens - r / tokens - 1 / (2 beta))^2: IPO (Azar et al., 2023), on averages over tokens.</summary>
    Identity = 2,

    /// <summary>(-(1 - e) log s(beta d) + e log s(-beta d)) / (1 - 2 e): robust DPO (Chowdhury et al., 2024); unbiased where a part e of the preferences is turned round. e less than 0.5.</summary>
    Robust = 3,

    /// <summary>Reverse divergence of the pair's distribution from (1 - e, e): EXO (Ji et al., 2024). e greater than 0.</summary>
    ExactPair = 4,

    /// <summary>-log s(beta c) - log s(-beta c) / 2 - log s(-beta r) / 2: NCA (Chen et al., 2024).</summary>
    NoiseContrastivePair = 5,

    /// <summary>-log s(beta c) - log s(-beta r): the paired form of BCO (Jung et al., 2024).</summary>
    BinaryPair = 6,

    /// <summary>(c - 1 / (2 beta))^2 + (r + 1 / (2 beta))^2: SPPO with hard labels (Wu et al., 2024).</summary>
    SelfPlayHard = 7,

    /// <summary>1 - s(beta c) + s(beta r): APO-zero (D'Oosterlinck et al., 2024), for chosen answers better than the model's own.</summary>
    AnchoredZero = 8,

    /// <summary>s(beta c) + 1 - s(beta d): APO-down, for chosen answers worse than the model's own.</summary>
    AnchoredDown = 9,

    /// <summary>The smoothed sigmoid loss between the sorted log-ratios of the model and those of the reference: AOT (Melnyk et al., 2024). Compares the pairs of a batch.</summary>
    OptimalTransport = 10,

    /// <summary>The smoothed sigmoid loss between the sorted c and the sorted r: AOT for data without pairs. Compares the rows of a batch.</summary>
    OptimalTransportUnpaired = 11,

    /// <summary>m exp(-beta d) - (1 - m) log s(beta d), m = s(beta d / tau): DiscoPOP (Lu et al., 2024).</summary>
    Discovered = 12,

    /// <summary>-log s(beta (c / tokens - r / tokens)).</summary>
    SigmoidOfAverages = 13,

    /// <summary>-log p of the chosen completion's tokens, averaged over all of the batch: supervised fine-tuning, as a part of a sum of losses.</summary>
    ChosenLikelihood = 14,
}

/// <summary>The divergence that keeps a model near its reference (Wang et al.: "Beyond reverse KL", 2023): what a log-ratio u becomes before the losses look at it.</summary>
public enum PreferenceDivergence
{
    /// <summary>u.</summary>
    ReverseKullbackLeibler = 0,

    /// <summary>-exp(-u).</summary>
    ForwardKullbackLeibler = 1,

    /// <summary>log s(u).</summary>
    JensenShannon = 2,

    /// <summary>exp((a - 1) u) / (a - 1), a being <see cref="PreferenceOptions.DivergenceAlpha"/>.</summary>
    Alpha = 3,
}
