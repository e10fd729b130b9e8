using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Which parameters move, since when, and how fast. All that is asked for holds together: a parameter moves if nothing freezes it.</summary>
/// <remarks>
/// Names in patterns are those of checkpoints ("bert.encoder.layer.0.output.dense.weight") (of adapters: PEFT's, "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight") or those that the model registers ("backbone.block0.feedForward.down.weight"); in patterns, * stands for any number of
/// characters and ? for one. A parameter that was frozen (<c>requires_grad</c> false) before training stays so.
/// </remarks>
public sealed record FreezingOptions
{
    /// <summary>Only what stands above the last layer and so many layers, counted from the last, move; at least 0. Default null: all layers. Embeddings move only with all layers.</summary>
    public int? LastLayers { get; init; }

    /// <summary>Parameters that do not move: patterns of names. Default: none.</summary>
    public IReadOnlyList<string> Frozen { get; init; } = [];

    /// <summary>The only parameters that move: patterns of names. Default: none, which is all.</summary>
    public IReadOnlyList<string> Trained { get; init; } = [];

    /// <summary>Whether the lower groups of layers join later; default null: all move from the first step on.</summary>
    public GradualUnfreezing? Unfreezing { get; init; }

    /// <summary>
    /// The learning rate of each group of layers as a part of that of the next higher one ("discriminative fine-tuning" of ULMFiT, which takes 1 / 2.6); greater than 0 and at most 1. Default 1: one rate for all.
    /// </summary>
    public double RateDecay { get; init; } = 1;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        if (LastLayers is int layers) Require.NotNegative(layers, nameof(LastLayers));
        foreach (string pattern in Require.NotNull(Frozen)) Require.Text(pattern, nameof(Frozen));
        foreach (string pattern in Require.NotNull(Trained)) Require.Text(pattern, nameof(Trained));
        Unfreezing?.Validate();
        Require.Argument(RateDecay is > 0 and <= 1, FormattableString.Invariant($"RateDecay must be greater than 0 and at most 1; received {RateDecay}."), nameof(RateDecay));
    }
}
