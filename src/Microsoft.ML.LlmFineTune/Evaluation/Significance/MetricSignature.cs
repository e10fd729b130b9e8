using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// sacreBLEU's signature: everything that a score depends on, to be printed beside it. Two scores with one signature are comparable.
/// </summary>
public sealed record MetricSignature
{
    /// <summary>The release of sacreBLEU whose definitions these metrics follow.</summary>
    public const string Version = "2.6.0";

    private readonly IReadOnlyList<(string Name, string Short, string Value)> _parts;

    internal MetricSignature(int? references, params IReadOnlyList<(string Name, string Short, string Value)> parts)
    {
        References = references;
        _parts = parts;
    }

    /// <summary>References of every segment; null where their number varies ("var") or nothing was added.</summary>
    public int? References { get; }

    /// <summary>Resamples of the bootstrap ("bs"), where a confidence interval or a paired bootstrap was made. Default null.</summary>
    public int? BootstrapSamples { get; init; }

    /// <summary>Trials of approximate randomization ("ar"), where such a test was made. Default null.</summary>
    public int? RandomizationTrials { get; init; }

    /// <summary>Seed of the resampling, where there was any. Default null.</summary>
    public long? Seed { get; init; }

    /// <summary>The signature, "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0" for example.</summary>
    public override string ToString() => string.Join('|', Parts().Select(part => $"{part.Name}:{part.Value}"));

    /// <summary>The same with short names, "#:1|c:mixed|e:no|tok:13a|s:exp|v:2.6.0" for example.</summary>
    public string ToShortString() => string.Join('|', Parts().Select(part => $"{part.Short}:{part.Value}"));

    internal static string YesNo(bool value) => value ? "yes" : "no";

    internal static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);

    private IEnumerable<(string Name, string Short, string Value)> Parts()
    {
        yield return ("nrefs", "#", References is int references ? Number(references) : "var");
        if (BootstrapSamples is int samples) yield return ("bs", "bs", Number(samples));
        if (RandomizationTrials is int trials) yield return ("ar", "ar", Number(trials));
        if (Seed is long seed) yield return ("seed", "rs", Number(seed));
        foreach ((string Name, string Short, string Value) part in _parts) yield return part;
        yield return ("version", "v", Version);
    }
}
