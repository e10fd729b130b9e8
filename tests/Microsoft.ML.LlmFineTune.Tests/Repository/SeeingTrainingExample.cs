// <example>
using Microsoft.ML;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.LlmFineTune.Training;
// </example>
using Microsoft.ML.LlmFineTune.Tests.Estimators;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The example of docs/seeing-training.md, word for word between the marks.</summary>
internal static class SeeingTrainingExample
{
    public static EvaluationReport Run(MLContext mlContext, LanguageModel model, IDataView texts, IDataView otherTexts, DecoderModel decoder, TokenizerAdapter tokenizer, CausalPackedBatches batches, TruncationReport truncation, string folder)
    {
        var (classification, trainingOptions) = (Toy.Classification with { Epochs = 2 }, Training.Observers.ObserverRuns.Options);
        // <example>

        // In a pipeline: any of them, in the options of the task.
        var progress = new TrainingProgress(Console.Out) { Title = "Fine-tuning", InPlace = !Console.IsOutputRedirected, Columns = () => Console.WindowWidth };
        var options = classification with
        {
            ValidationData = otherTexts, ValidationLabelColumnName = "Class",
            Observers =
            [
                progress,
                new CsvTrainingLog(Path.Combine(folder, "training.csv")),
                new TensorBoardLog(Path.Combine(folder, "tensorboard", "classifier")) { StepInterval = 10 },
                new TrainingReport(Path.Combine(folder, "training.html")) { Title = "Fruits, cars, weather", Description = "Fine-tuned on 60 texts." },
            ],
        };
        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label", "Class").Append(mlContext.MulticlassClassification.Trainers.FineTuneLanguageModel(model, options));
        ITransformer fitted = pipeline.Fit(texts);

        // With the trainer itself: the report is told what the data is.
        EvaluationReport? page = null;
        var report = new TrainingReport(made => page = made)
        {
            Title = "Pretraining",
            Preview = BatchPreview.Of(batches),
            Decode = id => tokenizer.Decode([id]),
            Truncations = new Dictionary<string, TruncationReport> { ["Training data"] = truncation },
        };
        new Trainer(decoder, new NextTokenObjective(), trainingOptions, report, new JsonLinesTrainingLog(Path.Combine(folder, "training.jsonl"))).Train(batches);
        Console.WriteLine(page!.ToText());
        // </example>
        GC.KeepAlive(fitted);
        return page;
    }
}
