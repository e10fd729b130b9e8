using System.Text.RegularExpressions;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The files of the checkout that these tests were built in.</summary>
internal static partial class SourceTree
{
    public static string Root { get; } = Find();

    /// <summary>The files below a folder of the tree, without what builds leave behind.</summary>
    public static IEnumerable<string> Files(string folder, params string[] endings) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories)
            .Where(path => endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)))
            .Where(path => !Path.GetRelativePath(Root, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or ".local" or ".git"))
            .Order(StringComparer.Ordinal);

    public static string Relative(string path) => Path.GetRelativePath(Root, path);

    /// <summary>The lines of a C# file that are not comments, with their numbers.</summary>
    public static IEnumerable<(int Number, string Text)> Code(string path) =>
        File.ReadLines(path).Select((text, index) => (index + 1, Comment().Replace(text, ""))).Where(line => line.Item2.Trim().Length > 0);

    /// <summary>Fails with every place where a line of code matches.</summary>
    public static void AssertNowhere(IEnumerable<string> files, string pattern, string why)
    {
        var found = files.SelectMany(path => Code(path).Where(line => Regex.IsMatch(line.Text, pattern)).Select(line => $"{Relative(path)}:{line.Number}: {line.Text.Trim()}")).ToList();
        Assert.True(found.Count == 0, $"{why}:\n{string.Join('\n', found)}");
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "LlmFineTune.sln"))) return folder.FullName;
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds LlmFineTune.sln: run the tests where they were built.");
    }

    // Not after a quote or a colon, so that addresses in texts stay.
    [GeneratedRegex("""(?<!["':])//.*$""")]
    private static partial Regex Comment();
}
