using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/training.md shows compiles and runs; it names what can be set.</summary>
public sealed partial class TrainingDocumentTests
{
    [Fact]
    public void The_example_is_the_one_that_is_compiled()
    {
        string source = File.ReadAllText(Path.Combine(SourceTree.Root, "tests/Microsoft.ML.LlmFineTune.Tests/Repository/TrainingExample.cs"));
        string compiled = string.Concat(Example().Matches(source).Select(part => part.Groups[1].Value));
        Assert.Equal(Lines(compiled), Lines(CodeBlock().Match(Document()).Groups[1].Value));
    }

    [Fact]
    public void The_example_runs()
    {
        string folder = ScratchFolder.New();
        MLContext ml = new(1);
        using TextEncoder encoder = Toy.Encoder();
        TextClassificationOptions options = TrainingExample.Run(Toy.Classification, folder);
        ITransformer fitted = Toy.Pipeline(ml, encoder, options).Fit(Toy.View(ml, 64));
        TrainingResult result = ((IEnumerable<ITransformer>)fitted).OfType<TextClassificationTransformer>().Single().Training!;
        Assert.Equal((TrainingStopReason.Completed, 8L), (result.StopReason, result.Steps));
        Assert.Single(Directory.GetDirectories(Path.Combine(folder, "run"), "step-*"));
    }

    [Fact]
    public void It_names_what_moves_and_what_is_saved()
    {
        string document = Document();
        Type[] options = [typeof(FreezingOptions), typeof(GradualUnfreezing)];
        Assert.All(options.SelectMany(type => type.GetProperties().Where(property => property.CanWrite)).Select(property => property.Name).Where(name => name is not "Unit"), name => Assert.Contains(name, document, StringComparison.Ordinal));
        Assert.All(Enum.GetNames<TrainingPrecision>().Where(name => name != nameof(TrainingPrecision.Float32)), name => Assert.Contains(name, document, StringComparison.Ordinal));
    }

    private static string Document() => File.ReadAllText(Path.Combine(SourceTree.Root, "docs/training.md"));

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    [GeneratedRegex(@"// <example>\n(.*?)\s*// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
