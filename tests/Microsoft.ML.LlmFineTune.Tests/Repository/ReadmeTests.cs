using System.Text.RegularExpressions;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What README.md shows compiles and runs; the folders it lists are there.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void The_example_is_the_one_that_is_compiled()
    {
        string source = File.ReadAllText(Path.Combine(SourceTree.Root, "tests/Microsoft.ML.LlmFineTune.Tests/Repository/ReadmeExample.cs"));
        string compiled = string.Concat(Example().Matches(source).Select(part => part.Groups[1].Value));
        string shown = CodeBlock().Match(Readme()).Groups[1].Value.Replace("\"reviews.tsv\"", "reviewFile", StringComparison.Ordinal).Replace("\"opinions.zip\"", "modelFile", StringComparison.Ordinal)
            .Replace("using Microsoft.ML.Data;\n", "", StringComparison.Ordinal);
        Assert.Equal(Lines(compiled), Lines(shown));
    }

    [Fact]
    public void The_example_runs()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            string reviews = Path.Combine(folder.FullName, "reviews.tsv");
            string[] good = ["wonderful", "moving", "bright"], bad = ["dull", "endless", "flat"];
            string[] rows = [.. Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? $"The film is {good[i % 3]} and short number {i}\tgood" : $"The film is {bad[i % 3]} and long number {i}\tbad")];
            File.WriteAllLines(reviews, ["Text\tLabel", .. rows]);
            Assert.Contains(ReadmeExample.Run(reviews, Path.Combine(folder.FullName, "opinions.zip")), (string[])["good", "bad"]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_folders_it_lists_are_there()
    {
        List<string> listed = [.. Folder().Matches(Readme()).Select(row => row.Groups[1].Value)];
        Assert.NotEmpty(listed);
        Assert.All(listed, folder => Assert.True(Directory.Exists(Path.Combine(SourceTree.Root, folder)) || File.Exists(Path.Combine(SourceTree.Root, folder)), folder));
    }

    private static string Readme() => File.ReadAllText(Path.Combine(SourceTree.Root, "README.md"));

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    [GeneratedRegex(@"// <example>\n(.*?)\s*// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^\| `([\w./-]+?)/?` \|", RegexOptions.Multiline)]
    private static partial Regex Folder();
}
