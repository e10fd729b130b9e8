using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How entities are read out of tags and counted, as in seqeval. Immutable; checked when an accumulator is created.</summary>
public sealed record EntityOptions
{
    /// <summary>
    /// The scheme whose rules are strict: an entity that breaks it is dropped, a prefix that it lacks is refused. Default null: conlleval's rules, which repair what is broken (I after O begins an entity); the CoNLL and WNUT tasks publish those figures.
    /// </summary>
    public EntityScheme? Scheme { get; init; }

    /// <summary>Whether the prefix stands at the end of the tag: PER-B. Default false.</summary>
    public bool Suffix { get; init; }

    /// <summary>How many times as much recall weighs as precision in F; at least 0, infinity for recall alone. Default 1: F1.</summary>
    public double Beta { get; init; } = 1;

    /// <summary>What a precision without predicted entities, and a recall without entities, counts: 0 or 1. F is computed from the two afterwards. Default <see cref="ZeroDivision.Zero"/>; NaN is refused, seqeval has no such rule.</summary>
    public ZeroDivision ZeroDivision { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        if (Scheme is EntityScheme scheme) Require.Argument(Enum.IsDefined(scheme), $"Scheme must be one of {string.Join(", ", Enum.GetNames<EntityScheme>())}, or null; received {scheme}.", nameof(Scheme));
        Require.AtLeast(Beta, 0);
        Require.Argument(ZeroDivision is ZeroDivision.Zero or ZeroDivision.One, $"ZeroDivision must be Zero or One; received {ZeroDivision}.", nameof(ZeroDivision));
    }
}
