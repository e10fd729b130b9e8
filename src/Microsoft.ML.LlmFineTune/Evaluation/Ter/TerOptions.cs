namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How TER is computed; the defaults are sacreBLEU's (tercom's without tokenization). Immutable; every combination is valid.</summary>
public sealed record TerOptions
{
    /// <summary>Whether texts are normalized: end-of-line hyphens joined, XML entities unescaped, punctuation split off. Default false.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether the marks . , ? : ; ! " ( ) are removed. Default false.</summary>
    public bool NoPunctuation { get; init; }

    /// <summary>Whether <see cref="Normalized"/> splits Chinese and Japanese characters, and <see cref="NoPunctuation"/> removes their punctuation. Default false; without the other two it has no effect.</summary>
    public bool AsianSupport { get; init; }

    /// <summary>Whether case counts. Default false: texts are lower-cased, by Unicode's full mapping.</summary>
    public bool CaseSensitive { get; init; }
}
