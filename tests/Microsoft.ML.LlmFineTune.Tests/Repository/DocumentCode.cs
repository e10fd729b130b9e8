using System.Text.RegularExpressions;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of a document, and the file of this project in which it is compiled.</summary>
internal static partial class DocumentCode
{
    /// <summary>Demands that a document shows, line by line, what stands between the marks of its examples.</summary>
    /// <param name="document">The file in docs.</param>
    /// <param name="examples">The files beside this one, in the order of the document.</param>
    public static void AssertIsCompiled(string document, params string[] examples)
    {
        string source = string.Concat(examples.Select(example => File.ReadAllText(Path.Combine(SourceTree.Root, "tests/Microsoft.ML.LlmFineTune.Tests/Repository", example))));
        string compiled = string.Concat(Example().Matches(source).Select(part => part.Groups[1].Value + "\n"));
        string shown = string.Concat(CodeBlock().Matches(Text(document)).Select(block => block.Groups[1].Value));
        Assert.NotEmpty(Lines(shown));
        Assert.Equal(Lines(compiled), Lines(shown));
    }

    /// <summary>A file in docs.</summary>
    public static string Text(string document) => File.ReadAllText(Path.Combine(SourceTree.Root, "docs", document));

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    [GeneratedRegex(@"// <example>\n(.*?)\s*// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
