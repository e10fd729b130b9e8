namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>The names that ML.NET gives its columns.</summary>
internal static class DefaultColumns
{
    internal const string Label = "Label", PredictedLabel = "PredictedLabel", Score = "Score", Probability = "Probability";
}
