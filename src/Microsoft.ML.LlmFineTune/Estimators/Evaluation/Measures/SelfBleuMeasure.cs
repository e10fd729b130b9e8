using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How like each other generated texts are.</summary>
internal sealed class SelfBleuMeasure(BleuOptions? options, CancellationToken cancellation) : Measure<string, SelfBleuMetrics>
{
    private readonly List<string> _texts = [];

    internal override double Add(string row)
    {
        _texts.Add(row);
        return double.NaN;
    }

    internal override SelfBleuMetrics Compute() => SelfBleu.Compute(_texts, options, cancellation);

    internal override IEnumerable<(string Name, double Value)> Figures(SelfBleuMetrics metrics) => [("Self-BLEU", metrics.Mean ?? double.NaN)];

    internal override (string Expected, string Answered) Describe(string row) => ("", row);
}
