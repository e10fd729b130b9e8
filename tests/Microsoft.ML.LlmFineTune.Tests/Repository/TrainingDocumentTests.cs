using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/training.md shows compiles and runs; it names what can be set.</summary>
public sealed class TrainingDocumentTests
{
    [Fact]
    public void The_example_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("training.md", "TrainingExample.cs", "TrainerExample.cs");

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
    public void The_example_of_the_trainer_runs()
    {
        string folder = ScratchFolder.New(), texts = Path.Combine(folder, "texts.txt");
        File.WriteAllLines(texts, Toy.Rows(100).Select(row => row.Text));
        TrainingResult result = TrainerExample.Run(Toy.Tokenizer, Toy.Config, texts, folder);
        Assert.Equal((TrainingStopReason.Completed, 60L), (result.StopReason, result.Steps));
        using LanguageModel trained = LanguageModel.Load(Path.Combine(folder, "model"));
        Assert.Equal(Toy.Config.Width, trained.Config.Width);
    }

    [Fact]
    public void It_names_what_moves_and_what_is_saved()
    {
        string document = Document();
        Type[] options = [typeof(FreezingOptions), typeof(GradualUnfreezing)];
        Assert.All(options.SelectMany(type => type.GetProperties().Where(property => property.CanWrite)).Select(property => property.Name).Where(name => name is not "Unit"), name => Assert.Contains(name, document, StringComparison.Ordinal));
        Assert.All(Enum.GetNames<TrainingPrecision>().Where(name => name != nameof(TrainingPrecision.Float32)), name => Assert.Contains(name, document, StringComparison.Ordinal));
    }

    private static string Document() => DocumentCode.Text("training.md");
}
