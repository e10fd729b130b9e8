using System.Text.RegularExpressions;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What no committed file may hold, and what the solution must.</summary>
public sealed class TidinessTests
{
    private static readonly string[] Endings = [".cs", ".csproj", ".props", ".targets", ".proj", ".sh", ".md", ".cpp", ".h", ".config", ".json"];

    // Written in two pieces, so that this file does not find itself.
    private static readonly string[] Unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception"];

    private static IEnumerable<string> AllFiles =>
        new[] { "src", "compat", "tests", "build", "docs", "benchmarks", ".ci" }.Where(folder => Directory.Exists(Path.Combine(SourceTree.Root, folder))).SelectMany(folder => SourceTree.Files(folder, Endings))
            .Concat(Directory.GetFiles(SourceTree.Root).Where(path => Endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal))))
            // Fixtures are data.
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}Fixtures{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Fact]
    public void Nothing_is_left_unfinished() => AssertFree($@"\b({string.Join('|', Unfinished)})\b", "Finish it, or leave it out");

    [Fact]
    public void No_path_of_one_machine_is_named() => AssertFree(@"(?<![\w.\-/*])/(wor" + @"k|roo" + @"t|hom" + @"e/\w+)/", "Paths are relative to the checkout, or found");

    [Fact]
    public void The_solution_holds_every_project()
    {
        string solution = File.ReadAllText(Path.Combine(SourceTree.Root, "LlmFineTune.sln")).Replace('\\', '/');
        // The probe is restored, never built; the sample beside Microsoft.ML.TorchSharp has versions of its own and is built by itself.
        List<string> absent = [.. new[] { "src", "compat", "tests" }.SelectMany(folder => SourceTree.Files(folder, ".csproj")).Select(SourceTree.Relative)
            .Where(project => !project.Contains("TorchSharpTrainer", StringComparison.Ordinal) && !solution.Contains($"\"{project}\"", StringComparison.Ordinal))];
        Assert.True(absent.Count == 0, $"LlmFineTune.sln lacks {string.Join(", ", absent)}.");
        // A folder of the solution that is called like a project makes it unreadable.
        List<string> names = [.. Regex.Matches(solution, @"^Project\(""[^""]+""\) = ""([^""]+)""", RegexOptions.Multiline).Select(project => project.Groups[1].Value)];
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void Scaffolding_is_never_packed() =>
        Assert.DoesNotContain(SourceTree.Files("compat", ".csproj", ".props"), path => File.ReadAllText(path).Contains("<IsPackable>true", StringComparison.OrdinalIgnoreCase));

    private static void AssertFree(string pattern, string why)
    {
        List<string> found = [.. AllFiles.SelectMany(path => File.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1)).Where(line => Regex.IsMatch(line.Text, pattern)).Select(line => $"{SourceTree.Relative(path)}:{line.Number}: {line.Text.Trim()}"))];
        Assert.True(found.Count == 0, $"{why}:\n{string.Join('\n', found)}");
    }
}
