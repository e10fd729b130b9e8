using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;

namespace Samples;

/// <summary>What a program that only uses the classifier looks like: ML.NET's own Load and PredictionEngine.</summary>
internal static class Answering
{
    internal static int Run(FileInfo file, string sentence)
    {
        var ml = new MLContext();
        ITransformer model = ml.Model.Load(file.FullName, out DataViewSchema _);
        using var engine = ml.Model.CreatePredictionEngine<Question, TextClassificationPrediction>(model);
        var prediction = engine.Predict(new Question { Text = sentence });
        VBuffer<ReadOnlyMemory<char>> names = default;
        engine.OutputSchema["Score"].Annotations.GetValue("SlotNames", ref names);
        Console.WriteLine($"\"{sentence}\" is about {prediction.PredictedLabel}.");
        foreach (var (name, score) in names.DenseValues().Zip(prediction.Score).OrderByDescending(pair => pair.Second).Take(3))
            Console.WriteLine($"  {score,6:P1}  {name}");
        return 0;
    }

    /// <summary>What is asked. Besides the text there stand the columns that may have been the label: the pipeline's MapValueToKey wants its input column, whatever it holds.</summary>
    private sealed class Question
    {
        public string Text { get; set; } = "";

        public string Namespace { get; set; } = "";

        public string Kind { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
