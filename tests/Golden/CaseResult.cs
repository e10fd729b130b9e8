namespace Golden;

internal enum Verdict
{
    Passed,
    Failed,
    Unsupported,
}

/// <summary>What became of one case of the fixtures.</summary>
/// <param name="File">Area and file (or folder), as in "mlnet/keys.json".</param>
/// <param name="Name">The case's own name.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Compared">What was compared, in a few words.</param>
/// <param name="LargestError">Largest relative error of the numbers compared; null where no numbers were.</param>
/// <param name="Reason">The mismatch, or why the case is unsupported; null where it passed.</param>
internal sealed record CaseResult(string File, string Name, Verdict Verdict, string Compared, double? LargestError = null, string? Reason = null)
{
    public static CaseResult Unsupported(string file, string name, string reason) => new(file, name, Verdict.Unsupported, "nothing", null, reason);

    public override string ToString()
    {
        var error = LargestError is { } e ? FormattableString.Invariant($", largest relative error {e:0.0e+0}") : "";
        return $"{Verdict.ToString().ToLowerInvariant()}: {File} {Name} ({Compared}{error}){(Reason is null ? "" : ": " + OneLine(Reason))}";
    }

    private static string OneLine(string text)
    {
        var line = text.ReplaceLineEndings(" / ");
        return line.Length <= 400 ? line : line[..400] + " ...";
    }
}
