using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Tests.Models;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/encoder-decoders.md shows compiles and runs.</summary>
public sealed partial class EncoderDecodersDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled()
    {
        string source = File.ReadAllText(Path.Combine(SourceTree.Root, "tests/Microsoft.ML.LlmFineTune.Tests/Repository/EncoderDecodersExample.cs"));
        string document = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/encoder-decoders.md"));
        string shown = string.Concat(CodeBlock().Matches(document).Select(block => block.Groups[1].Value));
        Assert.Equal(Lines(Example().Match(source).Groups[1].Value), Lines(shown));
    }

    [Fact]
    public void Its_code_runs()
    {
        GoldenModel golden = GoldenModel.Of("t5/v1_0");
        (torch.Tensor last, long parameters) = EncoderDecodersExample.Run(golden.Folder, golden.Inputs["input_ids"], golden.Mask);
        Assert.Equal([3, 1], last.shape);
        Assert.InRange(parameters - (8000 * 128), 750_000, 850_000);
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    [GeneratedRegex(@"// <example>\n(.*?)\s*// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
