namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>The figures of ML.NET's multiclass evaluator, by its own definitions.</summary>
/// <param name="Rows">Rows, those with a label outside the classes included.</param>
/// <param name="MicroAccuracy">Share of all rows answered rightly, 0 to 1.</param>
/// <param name="MacroAccuracy">Mean over the classes with rows of the share of theirs answered rightly, 0 to 1; NaN where no row has a class.</param>
/// <param name="LogLoss">Mean over all rows of -ln(min(1, max(1e-15, probability of the label))), in nats; a label outside the classes counts as 1e-15.</param>
/// <param name="PriorEntropy">-sum of n_c/n ln(n_c/n), in nats: the log loss of answering with the classes' shares; n is the number of all rows.</param>
/// <param name="PerClassLogLoss">Mean over each class's rows, in nats; 0 for a class without rows.</param>
/// <param name="TopKAccuracies">Share of the rows whose label is among the 1, 2, ..., classes best scores, 0 to 1; of equal scores the class with the lower index comes first.</param>
/// <param name="ConfusionMatrix">Rows by actual and predicted class, those with a label outside the classes left out.</param>
public sealed record MlNetMulticlassMetrics(long Rows, double MicroAccuracy, double MacroAccuracy, double LogLoss, double PriorEntropy, IReadOnlyList<double> PerClassLogLoss, IReadOnlyList<double> TopKAccuracies, ConfusionMatrix ConfusionMatrix)
{
    /// <summary>(prior entropy - log loss) / prior entropy: 1 is perfect, 0 no better than the classes' shares; -infinity or NaN where the entropy is 0. A fraction, as ML.NET's documentation says.</summary>
    public double LogLossReduction => (PriorEntropy - LogLoss) / PriorEntropy;

    /// <summary>Share of the rows whose label is among the k best scores.</summary>
    /// <param name="k">From 1 to the number of classes.</param>
    public double TopKAccuracy(int k) => TopKAccuracies[Runtime.Require.Within(k, 1, TopKAccuracies.Count) - 1];
}
