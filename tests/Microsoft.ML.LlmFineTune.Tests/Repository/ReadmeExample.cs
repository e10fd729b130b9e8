using Microsoft.ML.Data;
// <example>
using Microsoft.ML;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The example of README.md, word for word between the marks.</summary>
internal static class ReadmeExample
{
    public static string Run(string reviewFile, string modelFile)
    {
        // <example>

        var mlContext = new MLContext(seed: 1);
        IDataView reviews = mlContext.Data.LoadFromTextFile<Review>(reviewFile, hasHeader: true);
        var split = mlContext.Data.TrainTestSplit(reviews, testFraction: 0.2);

        // A tokenizer of your own texts, and a small GPT that learns to continue them.
        var tokenizer = mlContext.Transforms.Text.TrainTokenizer("Text", vocabularySize: 512).Fit(split.TrainSet).Tokenizer;
        LanguageModel blank = mlContext.LanguageModels.Create(tokenizer, Gpt2Presets.Tiny(tokenizer.VocabularySize));
        LanguageModel model = mlContext.LanguageModels.PretrainCausalLanguageModel(blank, "Text", epochs: 2).Fit(split.TrainSet).Model;
        Console.WriteLine(model.Generate("The film"));

        // The same model, fine-tuned into a classifier inside an ordinary pipeline.
        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.MulticlassClassification.Trainers.FineTuneLanguageModel(model, "Label", "Text", epochs: 2))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        ITransformer classifier = pipeline.Fit(split.TrainSet);
        var metrics = mlContext.MulticlassClassification.Evaluate(classifier.Transform(split.TestSet));
        Console.WriteLine($"micro-accuracy {metrics.MicroAccuracy:0.000}");

        // ML.NET's own Save and Load, in this process or in another.
        mlContext.Model.Save(classifier, split.TrainSet.Schema, modelFile);
        ITransformer loaded = mlContext.Model.Load(modelFile, out _);
        var engine = mlContext.Model.CreatePredictionEngine<Review, Opinion>(loaded);
        Console.WriteLine(engine.Predict(new Review { Text = "A film to see twice." }).PredictedLabel);
        // </example>
        return engine.Predict(new Review { Text = "A film to see twice." }).PredictedLabel;
    }
}

// <example>

public sealed class Review
{
    [LoadColumn(0)] public string Text { get; set; } = "";
    [LoadColumn(1)] public string Label { get; set; } = "";
}

public sealed class Opinion
{
    public string PredictedLabel { get; set; } = "";
}
// </example>
