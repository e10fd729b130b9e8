using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>Which modules of a model are meant, by the names that Hugging Face gives them, for example "model.layers.0.self_attn.q_proj".</summary>
public sealed record ModuleSelection
{
    private ModuleSelection(IReadOnlyList<string>? names, string? pattern, bool isAllLinear)
    {
        (Names, Pattern, IsAllLinear) = (names, pattern, isAllLinear);
        // What is none is refused now.
        if (pattern is not null) IsMatch("", pattern);
    }

    /// <summary>All linear layers but the output head.</summary>
    public static ModuleSelection AllLinear { get; } = new(null, null, true);

    /// <summary>Whole names, or their ends after a dot; null where the selection is another.</summary>
    public IReadOnlyList<string>? Names { get; }

    /// <summary>A regular expression of whole names; null where the selection is another.</summary>
    public string? Pattern { get; }

    /// <summary>Whether all linear layers are meant.</summary>
    public bool IsAllLinear { get; }

    /// <summary>Modules of certain names.</summary>
    /// <param name="names">Whole names ("model.layers.0.self_attn.q_proj") or their ends after a dot ("q_proj", "self_attn.q_proj"); at least one.</param>
    public static ModuleSelection Of(params IReadOnlyList<string> names)
    {
        Require.Argument(Require.NotNull(names).Count > 0, "A selection needs at least one name of a module; received none.", nameof(names));
        foreach (string name in names) Require.Text(name, nameof(names));
        return new(names, null, false);
    }

    /// <summary>Modules whose whole name a regular expression matches.</summary>
    /// <param name="pattern">For example <c>.*\.layers\.[0-3]\..*\.(q|v)_proj</c>.</param>
    /// <exception cref="ArgumentException">It is not a regular expression.</exception>
    public static ModuleSelection Matching(string pattern) => new(null, Require.Text(pattern), false);

    /// <inheritdoc/>
    public bool Equals(ModuleSelection? other) =>
        other is not null && Pattern == other.Pattern && IsAllLinear == other.IsAllLinear && (Names ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(other.Names ?? []);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Pattern, IsAllLinear, Names?.Count);

    /// <inheritdoc/>
    public override string ToString() => IsAllLinear ? "all linear layers" : Pattern is not null ? $"'{Pattern}'" : string.Join(", ", Names!.Select(name => $"'{name}'"));

    /// <summary>Whether a module is selected by its name.</summary>
    internal bool Selects(string module) => Pattern is not null ? IsMatch(module, Pattern) : Names?.Any(name => IsNamed(module, name)) == true;

    /// <summary>Whether a name is a module's whole name, or its end after a dot.</summary>
    internal static bool IsNamed(string module, string name) => module == name || module.EndsWith($".{name}", StringComparison.Ordinal);

    private static bool IsMatch(string module, string pattern) => ModulePattern.Match(module, @"\A(?:", pattern, @")\z").Success;
}
