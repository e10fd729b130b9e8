using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Tests.Losses;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/objectives.md shows compiles and runs.</summary>
public sealed partial class ObjectivesDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled()
    {
        string source = File.ReadAllText(Path.Combine(SourceTree.Root, "tests/Microsoft.ML.LlmFineTune.Tests/Repository/ObjectivesExample.cs"));
        string document = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/objectives.md"));
        string shown = string.Concat(CodeBlock().Matches(document).Select(block => block.Groups[1].Value));
        Assert.Equal(Lines(Example().Match(source).Groups[1].Value), Lines(shown));
    }

    [Fact]
    public void Its_code_runs()
    {
        string folder = Directory.CreateTempSubdirectory("objectives").FullName;
        try
        {
            using DecoderModel model = TinyModels.Decoder();
            HuggingFaceFolder.Save(folder, model);
            Tensor before = model.parameters().First().clone();
            ObjectivesExample.Run(model, folder, new TrainingOptions { Epochs = 2, Device = LlmFineTune.Runtime.ComputeDevice.Cpu });
            Assert.False(before.allclose(model.parameters().First()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    [GeneratedRegex(@"// <example>\n(.*?)\s*// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
