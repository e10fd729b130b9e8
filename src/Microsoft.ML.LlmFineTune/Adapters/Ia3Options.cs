using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>
/// (IA)3 (Liu et al.: "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning", 2022): a trained factor for each output of keys and values and for each input of the last
/// feed-forward layer. It begins at 1, and adds hardly any parameters.
/// </summary>
public sealed record Ia3Options : AdapterOptions
{
    /// <inheritdoc/>
    public override string Kind => "IA3";

    /// <summary>Linear layers that are adapted (<c>target_modules</c>); default null: the family's keys, values and last feed-forward layer.</summary>
    public ModuleSelection? Targets { get; init; }

    /// <summary>
    /// Those of <see cref="Targets"/> whose inputs are multiplied, not their outputs (<c>feedforward_modules</c>): by the ends of their names, or a pattern. Default null: the family's last feed-forward layer
    /// where <see cref="Targets"/> is null, else none.
    /// </summary>
    public ModuleSelection? FeedForward { get; init; }

    /// <summary>Modules that are not adapted although <see cref="Targets"/> selects them (<c>exclude_modules</c>); default null: none.</summary>
    public ModuleSelection? Excluded { get; init; }

    /// <summary>Whether the factors begin at 1 (<c>init_ia3_weights</c>); default true. Else they are drawn: for experiments alone.</summary>
    public bool BeginsAtOne { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Argument(FeedForward?.IsAllLinear != true && Excluded?.IsAllLinear != true, $"{nameof(FeedForward)} and {nameof(Excluded)} take names or a pattern; received all linear layers.", nameof(FeedForward));
        Require.Argument(FeedForward?.Names is null || Targets?.Names is null || FeedForward.Names.All(Targets.Names.Contains),
            $"{nameof(FeedForward)} must be among {nameof(Targets)}; received {ConfigReader.Cut($"{FeedForward}")} with {ConfigReader.Cut($"{Targets}")}.", nameof(FeedForward));
    }
}
