using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/tokenizers.md shows compiles and runs.</summary>
public sealed partial class TokenizersDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled()
    {
        string source = File.ReadAllText(Path.Combine(SourceTree.Root, "tests/Microsoft.ML.LlmFineTune.Tests/Repository/TokenizersExample.cs"));
        string document = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/tokenizers.md"));
        string shown = string.Concat(CodeBlock().Matches(document).Select(block => block.Groups[1].Value));
        Assert.Equal(Lines(Example().Match(source).Groups[1].Value), Lines(shown));
    }

    [Fact]
    public void Its_code_runs()
    {
        string folder = ScratchFolder.New(), texts = Path.Combine(folder, "texts.txt");
        File.WriteAllLines(texts, Enumerable.Range(0, 300).Select(i => $"{(i % 2 == 0 ? "A film to see twice" : "What is it? Another film, which is longer")}, number {i}."));
        var (one, pair, batch, unigram, ids) = TokenizersExample.Run(texts, Path.Combine(folder, "tokenizer"), Path.Combine(folder, "model.zip"));
        Assert.Equal(("[CLS]", "[SEP]", "film"), (one.Tokens[0], one.Tokens[^1], one.Tokens[2]));
        Assert.Equal(12, pair.Count);
        Assert.Equal(batch[0].Count, batch[1].Count);
        Assert.Equal(1, unigram.Encode("A FILM").Ids[^1]);
        Assert.Equal(16, ids.Length);
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    [GeneratedRegex(@"// <example>\n(.*?)\s*// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
