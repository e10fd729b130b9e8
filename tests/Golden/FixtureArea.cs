namespace Golden;

/// <summary>One folder of the fixtures: finds its cases by reading it, and says what became of each.</summary>
internal abstract class FixtureArea
{
    /// <summary>Name of the folder.</summary>
    public abstract string Name { get; }

    /// <summary>Runs every case below <paramref name="folder"/>. A case that cannot be run is listed as unsupported, never left out.</summary>
    public abstract IEnumerable<CaseResult> Run(string folder, RunOptions options);
}

/// <summary>What the command line narrows a run down to.</summary>
/// <param name="File">Only files whose name holds this text.</param>
/// <param name="Case">Only cases whose name holds this text.</param>
/// <param name="CompileAgainst">Only compile the cases, against the assemblies of this folder in place of the program's own.</param>
internal sealed record RunOptions(string? File = null, string? Case = null, string? CompileAgainst = null)
{
    public bool WantsFile(string name) => File is null || name.Contains(File, StringComparison.Ordinal);

    public bool WantsCase(string name) => Case is null || name.Contains(Case, StringComparison.Ordinal);
}
