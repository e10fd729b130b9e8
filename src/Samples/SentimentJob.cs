using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;
using Spectre.Console;

namespace Samples;

/// <summary>A pretrained encoder of the hub on a known task: SST-2, short film reviews, good or bad. Fine-tuned as a whole, or frozen below ML.NET's own logistic regression.</summary>
internal static class SentimentJob
{
    internal static int Run(string model, DirectoryInfo data, int seed, bool frozen, CancellationToken cancellation)
    {
        var ml = new MLContext(seed);
        ml.Log += (_, message) =>
        {
            if (message.Kind >= ChannelMessageKind.Warning)
                AnsiConsole.MarkupLineInterpolated($"[yellow]{message.RawMessage}[/]");
        };
        IDataView train = Reviews("train"), dev = Reviews("dev"), test = Reviews("test");
        using TextEncoder encoder = ml.LanguageModels.LoadEncoder(model, cancellation: cancellation);
        Console.WriteLine($"{encoder.Backbone.ParameterCount:N0} weights; {train.GetRowCount():N0} reviews to train, {dev.GetRowCount():N0} to validate, {test.GetRowCount():N0} to test");
        if (frozen)
            LogisticRegression();
        else
            FineTune();
        return 0;

        void FineTune()
        {
            var pipeline = ml.Transforms.Conversion.MapValueToKey("Label", nameof(Review.Sentiment)).Append(ml.MulticlassClassification.Trainers.FineTuneLanguageModel(encoder, new TextClassificationOptions
            {
                Epochs = 3, BatchSize = 32, MaximumTokens = 64, LearningRate = 5e-5, Schedule = new LinearSchedule(), WarmupFraction = 0.06, WeightDecay = 0.01, Beta2 = 0.999, MaximumGradientNorm = 1,
                ValidationData = dev, ValidationLabelColumnName = nameof(Review.Sentiment), Patience = null, Observers = [ProgressLine.Of("Fine-tuning")], Cancellation = cancellation,
            }));
            MatrixRate rate = new();
            rate.Measure();
            var chain = pipeline.Fit(train);
            rate.Measure();
            TrainingResult training = chain.LastTransformer.Training!;
            foreach (TrainingValidation validation in training.Validations)
                Console.WriteLine($"after step {validation.Step}: dev accuracy {validation.Metrics["accuracy"]:F4}, loss {validation.Loss:F4}{(validation.Best ? " (the best so far)" : "")}");
            double accuracy = ml.MulticlassClassification.Evaluate(chain.Transform(test)).MicroAccuracy;
            Console.WriteLine($"seed {seed}: test accuracy {accuracy:F4} with the weights of step {training.WeightsStep}");
            double epoch = training.TrainingTime.TotalSeconds / training.Epochs;
            Console.WriteLine($"{epoch:F1} s an epoch, {training.Tokens / training.TrainingTime.TotalSeconds:N0} tokens/s: {epoch / rate.Seconds:N0} products of two {MatrixRate.Size} x {MatrixRate.Size} matrices ({rate.Seconds * 1000:F2} ms each)");
        }

        void LogisticRegression()
        {
            var pipeline = ml.Transforms.Text.EmbedText(encoder, nameof(Review.Text), "Features")
                .Append(ml.BinaryClassification.Trainers.LbfgsLogisticRegression(nameof(Review.IsGood), l1Regularization: 0, l2Regularization: 1));
            var metrics = ml.BinaryClassification.Evaluate(pipeline.Fit(ml.Data.Cache(train)).Transform(test), nameof(Review.IsGood));
            Console.WriteLine($"logistic regression on embeddings (L1 0, L2 1): test accuracy {metrics.Accuracy:F4}");
        }

        // Each line is the label, a blank, the text.
        IDataView Reviews(string part) => ml.Data.LoadFromEnumerable(File.ReadAllLines(Path.Combine(data.FullName, $"stsa.binary.{part}")).Select(line => new Review { Text = line[2..], Sentiment = line[..1], IsGood = line[0] == '1' }).ToList());
    }

    private sealed class Review
    {
        public string Text { get; set; } = "";

        public string Sentiment { get; set; } = "";

        public bool IsGood { get; set; }
    }
}
