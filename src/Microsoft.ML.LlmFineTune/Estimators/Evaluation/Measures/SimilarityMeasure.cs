using System.Globalization;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Two embeddings and how alike people find them; the embeddings in buffers that the next row uses again.</summary>
internal readonly record struct JudgedPair(double[] First, double[] Second, double Score);

/// <summary>How similarities of embeddings go together with people's judgement.</summary>
internal sealed class SimilarityMeasure(SimilarityFunction function) : Measure<JudgedPair, CorrelationMetrics>
{
    private readonly SimilarityCorrelationAccumulator _accumulator = new();

    internal override double Add(JudgedPair row)
    {
        _accumulator.Add(Array.ConvertAll(row.First, value => (float)value), Array.ConvertAll(row.Second, value => (float)value), row.Score);
        return double.NaN;
    }

    internal override CorrelationMetrics Compute() => _accumulator.Compute(function);

    internal override IEnumerable<(string Name, double Value)> Figures(CorrelationMetrics metrics) => metrics.Rows < 2 ? [("Spearman correlation", metrics.Spearman)] : [("Pearson correlation", metrics.Pearson), ("Spearman correlation", metrics.Spearman)];

    internal override (string Expected, string Answered) Describe(JudgedPair row) => (row.Score.ToString(CultureInfo.InvariantCulture), "");
}
