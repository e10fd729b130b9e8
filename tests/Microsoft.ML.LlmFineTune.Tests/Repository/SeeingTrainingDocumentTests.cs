using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/seeing-training.md shows compiles and runs; it names every observer and everything that can be set.</summary>
public sealed class SeeingTrainingDocumentTests
{
    [Fact]
    public void The_example_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("seeing-training.md", "SeeingTrainingExample.cs");

    [Fact]
    public void The_example_runs()
    {
        string folder = ScratchFolder.New();
        MLContext ml = new(1);
        using var model = Toy.Model();
        TokenizerAdapter tokenizer = TokenizerAdapter.Of(Toy.Tokenizer);
        int[][] documents = [.. Toy.Rows(30).Select(row => tokenizer.Encode(row.Text))];
        using DecoderModel decoder = (DecoderModel)model.CopyBackbone();
        EvaluationReport report = SeeingTrainingExample.Run(ml, model, Toy.View(ml, 60), Toy.View(ml, 12, seed: 2), decoder, tokenizer, new CausalPackedBatches(documents, model.EndOfText, 16, 4, new RandomStreams(1)), TruncationReport.Of(documents, 16), folder);
        Assert.Equal(["Outcome", "Loss", "Learning rate", "Gradient norm", "Speed", "Epochs", "What is learnt", "What was truncated", "Run", "Options"], report.Sections.Select(section => section.Title));
        // A packed row without padding: all tokens but the first are learnt, and words are readable.
        MarkedTextSection preview = report.Sections.OfType<MarkedTextSection>().Single();
        Assert.All(preview.Texts, text => Assert.Equal([false, true], text.Spans.Select(span => span.Marked)));
        Assert.Contains(preview.Texts, text => Regex.IsMatch(text.Spans[1].Text, "apple|engine|rain|plum|wheel|cloud"));

        // The estimator's report has the examples and the truncation of the estimator's own data.
        string html = File.ReadAllText(Path.Combine(folder, "training.html"));
        Assert.Contains("What is learnt", html, StringComparison.Ordinal);
        Assert.Matches("Row 1: .* tokens.*, class (fruit|car|weather)", html);
        Assert.Matches("<blockquote[^>]*>[^<]*(apple|pear|plum|cherry|ripe|sweet|engine|wheel|brake|gear|fast|loud|rain|cloud|storm|wind|cold|grey)", html);
        Assert.Contains("Validation data", html, StringComparison.Ordinal);
        Assert.Equal(["training.csv", "training.html", "training.jsonl"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Single(Directory.GetFiles(Path.Combine(folder, "tensorboard", "classifier")));
    }

    [Fact]
    public void It_names_every_observer_and_everything_that_can_be_set()
    {
        string document = Document();
        Type[] observers = [typeof(TrainingProgress), typeof(CsvTrainingLog), typeof(JsonLinesTrainingLog), typeof(TensorBoardLog), typeof(TrainingReport)];
        Assert.All(observers, observer => Assert.Contains($"`{observer.Name}`", document, StringComparison.Ordinal));
        Assert.All(observers.SelectMany(observer => observer.GetProperties().Where(property => property.CanWrite)), property => Assert.Contains($"`{property.Name}`", document, StringComparison.Ordinal));
    }

    private static string Document() => DocumentCode.Text("seeing-training.md");
}
