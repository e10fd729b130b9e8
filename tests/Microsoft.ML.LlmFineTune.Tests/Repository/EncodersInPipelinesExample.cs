// <example>
using Microsoft.ML;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Optimization;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/encoders-in-pipelines.md, word for word between the marks.</summary>
internal static class EncodersInPipelinesExample
{
    // From the hub: compiled, and not run by tests.
    public static int Load(MLContext mlContext)
    {
        // <example>

        using var encoder = mlContext.LanguageModels.LoadEncoder("sentence-transformers/all-MiniLM-L6-v2");
        // </example>
        return encoder.Config.Width;
    }

    public static IEstimator<ITransformer> FineTuning(MLContext mlContext, TextEncoder encoder, IDataView dev)
    {
        // <example>

        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.MulticlassClassification.Trainers.FineTuneLanguageModel(encoder, new TextClassificationOptions
            {
                Epochs = 3, BatchSize = 32, MaximumTokens = 64, LearningRate = 5e-5, Schedule = new LinearSchedule(), WarmupFraction = 0.06, Beta2 = 0.999,
                ValidationData = dev, Patience = null,
            }))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        // </example>
        return pipeline;
    }

    public static IEstimator<ITransformer> Embeddings(MLContext mlContext, TextEncoder encoder)
    {
        // <example>

        var pipeline = mlContext.Transforms.Text.EmbedText(encoder, "Text", "Features")
            .Append(mlContext.BinaryClassification.Trainers.LbfgsLogisticRegression("IsGood", l1Regularization: 0, l2Regularization: 1));
        // </example>
        return pipeline;
    }
}
