namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>What of a folder this process has mapped into its memory, by what Linux tells of it.</summary>
internal static class MappedFiles
{
    /// <summary>The files, deleted ones too (with a word behind the name); none on other systems.</summary>
    public static string[] Of(string folder) => !OperatingSystem.IsLinux() ? [] :
        [.. File.ReadLines("/proc/self/maps").Where(line => line.Contains(folder, StringComparison.Ordinal)).Select(line => line[line.IndexOf(folder, StringComparison.Ordinal)..]).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>What is expected of such files where they are to be mapped.</summary>
    public static string[] Where(params string[] paths) => OperatingSystem.IsLinux() ? paths : [];
}
