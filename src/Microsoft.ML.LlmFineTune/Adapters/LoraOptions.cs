using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>
/// LoRA (Hu et al.: "LoRA: Low-Rank Adaptation of Large Language Models", 2021): W x becomes W x + scaling B A x, with A [rank, inputs] and B [outputs, rank] trained and W not. Variants: rsLoRA (Kalajdzievski,
/// 2023), DoRA (Liu et al.: "DoRA: Weight-Decomposed Low-Rank Adaptation", 2024), LoRA+ (Hayou et al., 2024).
/// </summary>
public sealed record LoraOptions : AdapterOptions
{
    /// <inheritdoc/>
    public override string Kind => "LORA";

    /// <summary>Rows of A and columns of B (<c>r</c>); default 8; at least 1.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>Scaling is <see cref="Alpha"/> / <see cref="Rank"/> (<c>lora_alpha</c>); default 8; greater than 0.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>Dropout on what A reads (<c>lora_dropout</c>); default 0; from 0 to less than 1. Embeddings have none.</summary>
    public double Dropout { get; init; }

    /// <summary>Linear layers and embeddings that are adapted (<c>target_modules</c>); default null: the family's usual projections of queries and values.</summary>
    public ModuleSelection? Targets { get; init; }

    /// <summary>Modules that are not adapted although <see cref="Targets"/> selects them (<c>exclude_modules</c>); default null: none.</summary>
    public ModuleSelection? Excluded { get; init; }

    /// <summary>Numbers of the layers whose modules are adapted (<c>layers_to_transform</c>), from 0; default null: all. Goes with <see cref="Targets"/> by names.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Before which word of a module's name the layer's number stands (<c>layers_pattern</c>), for example "layers" or "h"; default null: before any. Goes with <see cref="Layers"/>.</summary>
    public IReadOnlyList<string>? LayerWords { get; init; }

    /// <summary>
    /// Ranks of certain modules (<c>rank_pattern</c>): a regular expression of a name, or of its end after a dot, to a rank; the first one that matches counts. Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>The same for <see cref="Alpha"/> (<c>alpha_pattern</c>). Default: none.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>Which biases are trained, too (<c>bias</c>); default: none.</summary>
    public LoraBias Bias { get; init; }

    /// <summary>Whether the product of B has a bias (<c>lora_bias</c>); default false. Not with <see cref="UsesWeightDecomposition"/>.</summary>
    public bool HasOutputBias { get; init; }

    /// <summary>Whether scaling is <see cref="Alpha"/> / sqrt(<see cref="Rank"/>) (<c>use_rslora</c>); default false.</summary>
    public bool UsesRankStabilization { get; init; }

    /// <summary>Whether the length of each row of the matrix is trained apart from its direction (<c>use_dora</c>); default false.</summary>
    public bool UsesWeightDecomposition { get; init; }

    /// <summary>What the matrices begin with (<c>init_lora_weights</c>); default: the model as it was.</summary>
    public LoraInitialization Initialization { get; init; }

    /// <summary>
    /// LoRA+: how many times the learning rate of A that of B is; default 1; greater than 0, the paper advises about 16 (with a rate lower than usual, since it is A's). The trainer and the estimators follow it; loops of
    /// your own get it from <see cref="ModelAdapters.LearningRateFactors"/>. It is not part of <c>adapter_config.json</c>.
    /// </summary>
    public double OutputLearningRateFactor { get; init; } = 1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.AtLeast(Rank, 1);
        Require.Positive(Alpha);
        Require.Below(Dropout, 0.0, 1.0);
        Require.Positive(OutputLearningRateFactor);
        Require.Argument(Enum.IsDefined(Bias), $"{nameof(Bias)} must be one of {string.Join(", ", Enum.GetNames<LoraBias>())}; received {Bias}.", nameof(Bias));
        Require.Argument(Enum.IsDefined(Initialization), $"{nameof(Initialization)} must be one of {string.Join(", ", Enum.GetNames<LoraInitialization>())}; received {Initialization}.", nameof(Initialization));
        foreach ((string pattern, int rank) in Require.NotNull(RankPattern)) Require.AtLeast(rank, 1, $"{nameof(RankPattern)}['{pattern}']");
        foreach ((string pattern, double alpha) in Require.NotNull(AlphaPattern)) Require.Positive(alpha, $"{nameof(AlphaPattern)}['{pattern}']");
        foreach (int layer in Layers ?? []) Require.AtLeast(layer, 0, nameof(Layers));
        Require.Argument(Excluded?.IsAllLinear != true, $"{nameof(Excluded)} takes names or a pattern; received all linear layers, which would leave nothing to adapt.", nameof(Excluded));
        Require.Argument(Layers is null || Targets?.Pattern is null, $"{nameof(Layers)} goes with {nameof(Targets)} by names; received a pattern. Let the pattern name the layers.", nameof(Layers));
        Require.Argument(LayerWords is null or [] || Layers is not null, $"{nameof(LayerWords)} says where the numbers of {nameof(Layers)} stand; received none of these. Set {nameof(Layers)}, too.", nameof(LayerWords));
        Require.Argument(!(HasOutputBias && UsesWeightDecomposition), $"{nameof(HasOutputBias)} and {nameof(UsesWeightDecomposition)} exclude each other; received both.", nameof(HasOutputBias));
    }

    /// <summary>What the product of B and A is multiplied by in a module.</summary>
    internal double ScalingOf(string module)
    {
        double alpha = Pattern(AlphaPattern, module, Alpha);
        return UsesRankStabilization ? alpha / Math.Sqrt(RankOf(module)) : alpha / RankOf(module);
    }

    /// <summary>The rank in a module.</summary>
    internal int RankOf(string module) => Pattern(RankPattern, module, Rank);

    private static T Pattern<T>(IReadOnlyDictionary<string, T> patterns, string module, T otherwise)
    {
        foreach ((string pattern, T value) in patterns)
        {
            if (ModuleMatching.MatchesEnd(pattern, module)) return value;
        }
        return otherwise;
    }
}
